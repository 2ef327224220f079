-- Copies of what others own, by version.
CREATE TABLE tracks (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    owner_id uuid NOT NULL,
    is_public boolean NOT NULL,
    is_removed boolean NOT NULL,
    version bigint NOT NULL,
    is_completed boolean NOT NULL DEFAULT false,
    genre text,
    published_at timestamptz,
    title text NOT NULL DEFAULT ''
);
CREATE INDEX tracks_number ON tracks (number);
CREATE INDEX tracks_owner_id ON tracks (owner_id);

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
CREATE INDEX likes_user_id ON likes (user_id) WHERE is_liked;

CREATE TABLE follows (
    followee_id uuid NOT NULL,
    follower_id uuid NOT NULL,
    is_following boolean NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX follows_changed_at ON follows (changed_at);

-- kind: 1 a track, 2 a playlist.
CREATE TABLE reposts (
    subject_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind smallint NOT NULL,
    is_reposted boolean NOT NULL,
    version bigint NOT NULL,
    reposted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, account_id)
);
CREATE INDEX reposts_reposted_at ON reposts (subject_id, reposted_at) WHERE is_reposted;
CREATE INDEX reposts_changed_at ON reposts (changed_at);
CREATE INDEX reposts_account_id ON reposts (account_id) WHERE is_reposted AND kind = 1;

CREATE TABLE playlist_likes (
    playlist_id uuid NOT NULL,
    account_id uuid NOT NULL,
    is_liked boolean NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (playlist_id, account_id)
);
CREATE INDEX playlist_likes_changed_at ON playlist_likes (changed_at);

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
    is_dirty boolean NOT NULL DEFAULT false,
    reposts bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX track_totals_dirty ON track_totals (track_id) WHERE is_dirty;

CREATE TABLE account_totals (
    account_id uuid PRIMARY KEY,
    followers bigint NOT NULL DEFAULT 0,
    followees bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    is_dirty boolean NOT NULL DEFAULT false,
    reposts_made bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX account_totals_dirty ON account_totals (account_id) WHERE is_dirty;

CREATE TABLE playlist_totals (
    playlist_id uuid PRIMARY KEY,
    likes bigint NOT NULL DEFAULT 0,
    reposts bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    is_dirty boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX playlist_totals_dirty ON playlist_totals (playlist_id) WHERE is_dirty;

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

-- What leaves a rolling window, hour by hour.
CREATE TABLE track_hours (
    track_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (track_id, hour)
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

-- Trending. The queues are only added to and taken from, so who counts never waits for who scores.
CREATE TABLE score_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    track_id uuid NOT NULL
);
-- Without a track: an account whose followers changed; with one: whoever began or ceased to like or repost it.
CREATE TABLE karma_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    track_id uuid
);
-- What each who likes or reposts a track adds to its karma: the followers as last looked up, if any.
CREATE TABLE karma_parts (
    track_id uuid NOT NULL,
    account_id uuid NOT NULL,
    followers bigint NOT NULL,
    PRIMARY KEY (track_id, account_id)
);
CREATE INDEX karma_parts_account_id ON karma_parts (account_id);
CREATE TABLE track_karma (
    track_id uuid PRIMARY KEY,
    karma bigint NOT NULL
) WITH (fillfactor = 70);
-- due_at: when a window or the age moves the score next, though nothing happens.
CREATE TABLE track_scores (
    track_id uuid PRIMARY KEY,
    number bigint NOT NULL,
    genre text,
    is_listed boolean NOT NULL,
    has_audience boolean NOT NULL,
    week double precision NOT NULL,
    month double precision NOT NULL,
    year double precision NOT NULL,
    all_time double precision NOT NULL,
    due_at timestamptz
);
CREATE INDEX track_scores_due_at ON track_scores (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX track_scores_week ON track_scores (week DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_month ON track_scores (month DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_year ON track_scores (year DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_all_time ON track_scores (all_time DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_genre_week ON track_scores (genre, week DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_genre_month ON track_scores (genre, month DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_genre_year ON track_scores (genre, year DESC, number DESC) WHERE is_listed;
CREATE INDEX track_scores_genre_all_time ON track_scores (genre, all_time DESC, number DESC) WHERE is_listed;
CREATE TABLE rankings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ranked_at timestamptz NOT NULL
);

-- Insights' own truth, which nobody else could give again: a rebuild's schema of shadow tables shares it.
CREATE SCHEMA IF NOT EXISTS own;
CREATE TABLE IF NOT EXISTS own.app_reports (
    id uuid PRIMARY KEY,
    kept_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS own.app_hours (
    hour timestamptz NOT NULL,
    name text NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (hour, name)
);
CREATE TABLE IF NOT EXISTS own.app_totals (
    name text PRIMARY KEY,
    requests bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS own.apps (
    address text PRIMARY KEY,
    owner_number bigint NOT NULL,
    name text NOT NULL,
    description text,
    image text,
    added_at timestamptz NOT NULL
);

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
    tries int NOT NULL DEFAULT 0,
    PRIMARY KEY (source, minute)
);

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

-- inbox: where exactly-once consumers stand.
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
