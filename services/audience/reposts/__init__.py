"""Reposts of tracks and playlists: a state of account and subject, with a version and a tombstone."""
