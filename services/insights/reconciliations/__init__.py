"""Comparing, minute by minute, what the owners kept with what is counted here."""
