"""Our copy of catalog's playlists."""
