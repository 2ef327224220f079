"""Likes of playlists: a state of account and playlist, with a version and a tombstone."""
