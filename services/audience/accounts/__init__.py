"""Our copy of auth's accounts."""
