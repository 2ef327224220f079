-- The events that were set aside as dead letters, and the minute in which their owner keeps what they tell.
CREATE TABLE set_aside (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    minute timestamptz,
    set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, event_id)
);
-- How often a minute was asked for.
ALTER TABLE reconciliation_gaps ADD COLUMN tries int NOT NULL DEFAULT 0;
