"""Our copy of auth's accounts, with the totals that insights counts: the one place that gives cards of people."""
