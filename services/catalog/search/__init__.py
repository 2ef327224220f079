"""Finding tracks and playlists among the listed ones."""
