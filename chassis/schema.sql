-- What chassis needs in a service's database. A service copies the parts it uses into its first migration.

-- outbox: what transactions said to topics; published by the relay, held for a week in case the broker loses its log.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The columns of a single event are those of rows that 0.2 wrote; they go in 0.3.
    event_id uuid,
    topic text NOT NULL,
    key text,
    type text,
    payload bytea,
    occurred_at timestamptz,
    traceparent text DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    -- A list of events, in arrays side by side.
    event_ids uuid[],
    keys text[],
    types text[],
    payloads bytea[],
    times timestamptz[],
    traceparents text[]
);
CREATE INDEX outbox_pending ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL;
CREATE TABLE outbox_broker (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id text NOT NULL,
    -- How far a new broker has been refilled with events that the old one had.
    refilled_id text,
    refilled_to bigint NOT NULL DEFAULT 0
);

-- inbox: the offsets of exactly-once consumers, and the cluster that they refer to.
CREATE TABLE consumer_offsets (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);
CREATE TABLE inbox_broker (
    consumer text PRIMARY KEY,
    cluster_id text NOT NULL
);
-- The events that were set aside as dead letters, and the minute in which their owner keeps what they tell.
CREATE TABLE set_aside (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    minute timestamptz,
    set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, event_id)
);

-- idempotency: the first answer to each keyed request.
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
