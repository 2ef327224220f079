"""Search: Postgres ranks, and has the cards of what everyone may see; the rest is MongoDB's."""
