"""Our copy of catalog's playlists: it may say yes; before it says no, catalog is asked once."""
