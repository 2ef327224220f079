"""Tools for media files: what they are, what they say, one ffmpeg run. They know no rows, objects or callers."""
