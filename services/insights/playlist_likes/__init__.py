"""Likes of playlists as states: the latest version wins, and totals follow from the transitions."""
