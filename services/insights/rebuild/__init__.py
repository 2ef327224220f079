"""Counting everything anew from the owners' rows, beside the live tables."""
