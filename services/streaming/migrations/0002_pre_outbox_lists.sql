-- A row of the outbox is what one transaction said to one topic: a list of events, in arrays side by side. The columns of
-- a single event are those of rows that 0.2 wrote; they go in 0.3.
ALTER TABLE outbox
    ADD COLUMN event_ids uuid[], ADD COLUMN keys text[], ADD COLUMN types text[], ADD COLUMN payloads bytea[],
    ADD COLUMN times timestamptz[], ADD COLUMN traceparents text[],
    ALTER COLUMN event_id DROP NOT NULL, ALTER COLUMN key DROP NOT NULL, ALTER COLUMN type DROP NOT NULL,
    ALTER COLUMN payload DROP NOT NULL, ALTER COLUMN occurred_at DROP NOT NULL, ALTER COLUMN traceparent DROP NOT NULL;

-- How far a new broker has been refilled with events that the old one had.
ALTER TABLE outbox_broker ADD COLUMN refilled_id text, ADD COLUMN refilled_to bigint NOT NULL DEFAULT 0;
