"""Audience keeps facts and states: who played, liked and followed what. It counts nothing; insights does."""
