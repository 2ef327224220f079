"""Recordings: an original, and what is made of it."""
