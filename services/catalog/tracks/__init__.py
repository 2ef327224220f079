"""Tracks: MongoDB is their truth, Postgres knows what is derived."""
