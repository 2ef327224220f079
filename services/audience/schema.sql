-- What is kept of catalog's tracks and playlists and auth's accounts; a row is never deleted, its version decides.
CREATE TABLE tracks (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    owner_id uuid NOT NULL,
    is_public boolean NOT NULL,
    is_completed boolean NOT NULL,
    duration_ms bigint NOT NULL,
    version bigint NOT NULL,
    is_removed boolean NOT NULL
);

CREATE TABLE playlists (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    owner_id uuid NOT NULL,
    is_public boolean NOT NULL,
    collaborator_ids uuid[] NOT NULL,
    version bigint NOT NULL,
    is_removed boolean NOT NULL
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    tenant text NOT NULL,
    version bigint NOT NULL,
    is_removed boolean NOT NULL
);
CREATE INDEX accounts_number ON accounts (number);

-- Append-only and in order of id (UUIDv7) but for the clocks of the gateways, so inserts stay at the right edge of the index.
CREATE TABLE plays (
    id uuid PRIMARY KEY,
    track_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    user_id uuid,
    seconds int,
    duration_ms bigint NOT NULL,
    device text,
    source smallint NOT NULL,
    is_authenticated boolean NOT NULL,
    idempotency_key text,
    fingerprint bytea,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
-- Keys of plays hold for ever.
CREATE UNIQUE INDEX plays_key ON plays (user_id, is_authenticated, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- Rows lie in order of arrival: a few bytes per range of pages find a minute, and cost a play next to nothing.
CREATE INDEX plays_received_at ON plays USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE likes (
    track_id uuid NOT NULL,
    user_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    is_liked boolean NOT NULL,
    version bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (track_id, user_id)
);
CREATE INDEX likes_newest ON likes (track_id, liked_at DESC, user_id) WHERE is_liked;
CREATE INDEX likes_of_user ON likes (user_id, liked_at DESC, track_id) WHERE is_liked;
CREATE INDEX likes_changed_at ON likes (changed_at);

CREATE TABLE follows (
    follower_id uuid NOT NULL,
    followee_id uuid NOT NULL,
    is_following boolean NOT NULL,
    version bigint NOT NULL,
    followed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, followee_id),
    CHECK (follower_id <> followee_id)
);
CREATE INDEX follows_followee ON follows (followee_id, followed_at DESC, follower_id) WHERE is_following;
CREATE INDEX follows_follower ON follows (follower_id, followed_at DESC, followee_id) WHERE is_following;
CREATE INDEX follows_changed_at ON follows (changed_at);

CREATE TABLE playlist_likes (
    playlist_id uuid NOT NULL,
    account_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    is_liked boolean NOT NULL,
    version bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (playlist_id, account_id)
);
CREATE INDEX playlist_likes_account ON playlist_likes (account_id) WHERE is_liked;
CREATE INDEX playlist_likes_changed_at ON playlist_likes (changed_at);

-- Of a track (kind 1) or a playlist (2).
CREATE TABLE reposts (
    subject_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind smallint NOT NULL,
    owner_id uuid NOT NULL,
    is_reposted boolean NOT NULL,
    version bigint NOT NULL,
    reposted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, account_id)
);
CREATE INDEX reposts_account ON reposts (account_id, reposted_at DESC, subject_id) WHERE is_reposted;
CREATE INDEX reposts_changed_at ON reposts (changed_at);

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

