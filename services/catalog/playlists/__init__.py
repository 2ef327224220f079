"""Playlists, and the albums that catalog itself keeps of its owners' tracks. MongoDB is the truth."""
