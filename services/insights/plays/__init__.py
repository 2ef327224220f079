"""Plays, each counted exactly once."""
