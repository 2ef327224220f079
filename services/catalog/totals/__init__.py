"""Our copy of the totals that insights counts."""
