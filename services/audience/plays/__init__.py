"""Plays: facts, kept for ever, each under its own id and at most once a key."""
