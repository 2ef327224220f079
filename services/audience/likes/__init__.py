"""Likes: a state of user and track, with a version and a tombstone."""
