-- Copies of what others own, by version.
CREATE TABLE tracks (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    owner_id uuid NOT NULL,
    is_public boolean NOT NULL,
    is_removed boolean NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX tracks_number ON tracks (number);

CREATE TABLE likes (
    track_id uuid NOT NULL,
    user_id uuid NOT NULL,
    is_liked boolean NOT NULL,
    version bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (track_id, user_id)
);
CREATE INDEX likes_liked_at ON likes (track_id, liked_at) WHERE is_liked;
CREATE INDEX likes_changed_at ON likes (changed_at);

CREATE TABLE follows (
    followee_id uuid NOT NULL,
    follower_id uuid NOT NULL,
    is_following boolean NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (followee_id, follower_id)
);

-- One row a play; its primary key is the inbox that makes counting exactly once.
CREATE TABLE plays (
    id uuid PRIMARY KEY,
    track_id uuid NOT NULL,
    user_id uuid,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    heard_ms bigint,
    "position" smallint,
    is_completed boolean NOT NULL,
    is_skipped boolean NOT NULL,
    is_counted boolean NOT NULL,
    device text
);
CREATE INDEX plays_track_id ON plays (track_id, occurred_at DESC);
-- Rows arrive in about this order, so a block range index is enough for the reconciler, and costs nothing.
CREATE INDEX plays_received_at ON plays USING brin (received_at) WITH (pages_per_range = 16);

-- What the reads need, each a sum over counted plays. Whoever changes a track's rows holds its row of track_totals.
CREATE TABLE track_totals (
    track_id uuid PRIMARY KEY,
    plays bigint NOT NULL DEFAULT 0,
    timed_plays bigint NOT NULL DEFAULT 0,
    heard_ms bigint NOT NULL DEFAULT 0,
    completed_plays bigint NOT NULL DEFAULT 0,
    listeners bigint NOT NULL DEFAULT 0,
    likes bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    is_dirty boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX track_totals_dirty ON track_totals (track_id) WHERE is_dirty;

CREATE TABLE account_totals (
    account_id uuid PRIMARY KEY,
    followers bigint NOT NULL DEFAULT 0,
    followees bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    is_dirty boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX account_totals_dirty ON account_totals (account_id) WHERE is_dirty;

CREATE TABLE track_days (
    track_id uuid NOT NULL,
    day date NOT NULL,
    plays bigint NOT NULL,
    timed_plays bigint NOT NULL,
    heard_ms bigint NOT NULL,
    completed_plays bigint NOT NULL,
    skipped_plays bigint NOT NULL,
    listeners bigint NOT NULL,
    PRIMARY KEY (track_id, day)
) WITH (fillfactor = 70);

-- For the last day only: `work` prunes it.
CREATE TABLE track_minutes (
    track_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (track_id, minute)
) WITH (fillfactor = 70);
CREATE INDEX track_minutes_minute ON track_minutes USING brin (minute) WITH (pages_per_range = 16);

-- How far timed plays got, in twentieths of the duration.
CREATE TABLE track_positions (
    track_id uuid NOT NULL,
    day date NOT NULL,
    "position" smallint NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (track_id, day, "position")
) WITH (fillfactor = 70);

CREATE TABLE track_devices (
    track_id uuid NOT NULL,
    day date NOT NULL,
    device text NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (track_id, day, device)
) WITH (fillfactor = 70);

CREATE TABLE track_listeners (
    track_id uuid NOT NULL,
    user_id uuid NOT NULL,
    streams bigint NOT NULL,
    hours integer NOT NULL,
    first_streamed_at timestamptz NOT NULL,
    last_streamed_at timestamptz NOT NULL,
    PRIMARY KEY (track_id, user_id)
) WITH (fillfactor = 80);

-- hours: one bit for each clock hour of the day in which the listener streamed the track.
CREATE TABLE track_listener_days (
    track_id uuid NOT NULL,
    day date NOT NULL,
    user_id uuid NOT NULL,
    plays integer NOT NULL,
    hours integer NOT NULL,
    PRIMARY KEY (track_id, day, user_id)
) WITH (fillfactor = 80);

-- Everything that was in Kafka at this moment is counted.
CREATE TABLE freshness (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    passed_at timestamptz NOT NULL
);

-- The reconciler: up to where each source was compared, and which minutes did not agree.
CREATE TABLE reconciliations (
    source text PRIMARY KEY,
    compared_until timestamptz NOT NULL
);
CREATE TABLE reconciliation_gaps (
    source text NOT NULL,
    minute timestamptz NOT NULL,
    missing bigint NOT NULL,
    PRIMARY KEY (source, minute)
);

-- outbox: events, published by the relay, held for a week in case the broker loses its log.
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

-- inbox: where exactly-once consumers stand.
CREATE TABLE consumer_offsets (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);
-- Places mean nothing in the log of another broker, which may by now be longer than the old one was.
CREATE TABLE inbox_broker (
    consumer text PRIMARY KEY,
    cluster_id text NOT NULL
);
