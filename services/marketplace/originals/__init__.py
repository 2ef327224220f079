"""What becomes of the original of a removed track: kept for as long as somebody bought it or is about to."""
