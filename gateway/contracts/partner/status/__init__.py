"""Whether this API and the catalogue answer."""
