"""Up to which moment everything accepted is in the figures."""
