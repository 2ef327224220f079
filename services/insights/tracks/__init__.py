"""Our copy of catalog's tracks: it may say yes; before it says no, catalog is asked once."""
