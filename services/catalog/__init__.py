"""What there is to hear: tracks and who made them, and how to find them."""
