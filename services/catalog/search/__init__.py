"""Search: Postgres ranks by rows that are derived from MongoDB, and keeps cards of what everyone may see."""
