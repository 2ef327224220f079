"""Search: Postgres ranks, MongoDB gives the documents and the right to see them."""
