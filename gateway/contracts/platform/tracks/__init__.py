"""Tracks: what is shown of them, their figures and their plays."""
