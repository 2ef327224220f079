-- alone: a key of a reporter without a token is none of the user whom it names.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS plays_key ON plays (user_id, is_authenticated, idempotency_key)
WHERE idempotency_key IS NOT NULL;
