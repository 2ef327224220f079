"""Playlists and their tracks."""
