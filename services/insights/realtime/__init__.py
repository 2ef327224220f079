"""The last 24 hours of a track, down to the minute."""
