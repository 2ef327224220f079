"""The contract itself, and the keys of its tokens."""
