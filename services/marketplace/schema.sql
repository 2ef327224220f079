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

-- tracks: what sales need to know of catalog's tracks; a removed one stays as a tombstone.
CREATE TABLE tracks (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    recording_id uuid NOT NULL,
    title text NOT NULL,
    format text NOT NULL,
    is_completed boolean NOT NULL,
    is_removed boolean NOT NULL,
    version bigint NOT NULL,
    -- It could not be processed and never will be.
    is_failed boolean NOT NULL DEFAULT false
);

-- products
CREATE TABLE products (
    id uuid PRIMARY KEY,
    seller_id uuid NOT NULL,
    title text NOT NULL,
    description text,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    currency text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    type text NOT NULL CHECK (type IN ('track', 'pack', 'service')),
    -- Never changes.
    track_id uuid,
    license_type text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (type <> 'track' OR track_id IS NOT NULL)
);
CREATE INDEX products_status ON products (status, created_at DESC, id DESC);
CREATE INDEX products_seller ON products (seller_id, status, created_at DESC, id DESC);
CREATE INDEX products_track ON products (track_id) WHERE track_id IS NOT NULL;

-- sales: whether an active product sells a track for more than 0, as last told; locked by whoever changes a product of it.
CREATE TABLE sales (
    track_id uuid PRIMARY KEY,
    is_sold boolean NOT NULL DEFAULT false,
    version bigint NOT NULL DEFAULT 0
);

-- orders
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    buyer_id uuid NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    currency text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'refunded')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    -- Who settles a pending order holds a turn of it until then. Turn 1 is the buyer's own request.
    turn int NOT NULL DEFAULT 1,
    held_until timestamptz NOT NULL,
    -- The key of the request that placed it, forgotten with an order that is withdrawn.
    idempotency_key text NOT NULL DEFAULT ''
);
CREATE INDEX orders_buyer ON orders (buyer_id, created_at DESC, id DESC);
CREATE INDEX orders_due ON orders (held_until) WHERE status = 'pending';

CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
    position int NOT NULL,
    product_id uuid NOT NULL REFERENCES products,
    price_minor bigint NOT NULL,
    buyer_id uuid NOT NULL,
    -- What the buyer has only once: the track, the pack, of a service nothing. Null again when the order came to nothing.
    claim uuid,
    -- What the file was when it was ordered, for it outlives the track.
    recording_id uuid,
    title text,
    format text,
    PRIMARY KEY (order_id, position)
);
-- One open or paid order a buyer and track (or pack).
CREATE UNIQUE INDEX order_lines_claim ON order_lines (buyer_id, claim) WHERE claim IS NOT NULL;
CREATE INDEX order_lines_product ON order_lines (product_id, buyer_id);
CREATE INDEX order_lines_recording ON order_lines (recording_id) WHERE recording_id IS NOT NULL;

-- originals: what was answered of the originals of removed tracks.
CREATE TABLE originals (
    recording_id uuid PRIMARY KEY,
    track_id uuid NOT NULL,
    is_kept boolean NOT NULL
);
