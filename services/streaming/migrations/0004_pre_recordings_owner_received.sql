-- alone: what an owner sent within a day, also what was removed since.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_owner_received ON recordings (owner_id, received_at);
