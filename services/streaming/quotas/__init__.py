"""How many bytes an owner may have."""
