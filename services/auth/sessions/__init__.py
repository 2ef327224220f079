"""Sessions: who is signed in, and the tokens of that."""
