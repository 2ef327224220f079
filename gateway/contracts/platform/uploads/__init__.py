"""Uploads: from a file to a new track."""
