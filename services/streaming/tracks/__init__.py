"""Our copy of catalog's tracks."""
