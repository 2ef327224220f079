"""Absolute totals of tracks and accounts, and how others learn of them."""
