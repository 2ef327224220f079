-- The social graph, trending and apps. What older copies of tracks lack, a `rebuild` fills in.
ALTER TABLE tracks
    ADD COLUMN is_completed boolean NOT NULL DEFAULT false,
    ADD COLUMN genre text,
    ADD COLUMN published_at timestamptz;
CREATE INDEX tracks_owner_id ON tracks (owner_id);
CREATE INDEX likes_user_id ON likes (user_id) WHERE is_liked;
ALTER TABLE follows ADD COLUMN changed_at timestamptz NOT NULL DEFAULT '-infinity';
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

ALTER TABLE track_totals ADD COLUMN reposts bigint NOT NULL DEFAULT 0;
ALTER TABLE account_totals ADD COLUMN reposts_made bigint NOT NULL DEFAULT 0;
CREATE TABLE playlist_totals (
    playlist_id uuid PRIMARY KEY,
    likes bigint NOT NULL DEFAULT 0,
    reposts bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    is_dirty boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX playlist_totals_dirty ON playlist_totals (playlist_id) WHERE is_dirty;

-- What leaves a rolling window, hour by hour.
CREATE TABLE track_hours (
    track_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (track_id, hour)
) WITH (fillfactor = 70);

INSERT INTO track_hours (track_id, hour, plays)
SELECT track_id, date_trunc('hour', occurred_at, 'UTC'), count(*) FROM plays WHERE is_counted GROUP BY 1, 2;

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
