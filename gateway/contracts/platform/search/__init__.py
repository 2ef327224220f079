"""Search: of tracks, of playlists, of all."""
