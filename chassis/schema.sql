-- What chassis needs in a service's database. A service copies the parts it uses into its first migration.

-- outbox: events, published by the relay and kept for a week in case the broker loses its log.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    traceparent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);
CREATE INDEX outbox_pending ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL;
CREATE TABLE outbox_broker (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id text NOT NULL
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
