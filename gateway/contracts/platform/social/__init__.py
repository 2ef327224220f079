"""What listeners say: likes, reposts and follows."""
