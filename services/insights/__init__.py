"""Insights counts: every play, like and follow exactly once, and what creators and listeners read of it."""
