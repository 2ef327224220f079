-- alone: `plays_key` stands in its place.
DROP INDEX CONCURRENTLY IF EXISTS plays_idempotency_key;
