"""Follows: a state of two accounts, with a version and a tombstone."""
