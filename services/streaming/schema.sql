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

-- An owner's row exists to be locked while bytes are reserved, and to carry a limit of their own (null: the setting).
CREATE TABLE quotas (
    owner_id uuid PRIMARY KEY,
    limit_bytes bigint CHECK (limit_bytes >= 0)
);

-- Files that are arriving; the id becomes the recording's. A row that is left behind is swept with its objects.
CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    reserved_bytes bigint NOT NULL CHECK (reserved_bytes >= 0),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX uploads_owner_id ON uploads (owner_id);
CREATE INDEX uploads_started_at ON uploads (started_at);

CREATE TABLE recordings (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    track_id uuid UNIQUE,
    state text NOT NULL CHECK (state IN ('received', 'transcoding', 'ready', 'failed', 'removed')),
    original text NOT NULL DEFAULT 'held' CHECK (original IN ('held', 'kept', 'released')),
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    md5 bytea NOT NULL,
    format text NOT NULL,
    stated_seconds double precision,
    bitrate int NOT NULL,
    sample_rate int NOT NULL,
    channels int NOT NULL,
    is_lossless boolean NOT NULL,
    cover_object text,
    percent smallint NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    reason text,
    frames bigint,
    frame_rate int,
    integrated_lufs double precision,
    range_lu double precision,
    true_peak_dbtp double precision,
    progressive_object text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ready_at timestamptz,
    -- Of everything that was made of it; NULL until it is ready, and for what was ready before this was counted.
    made_bytes bigint
);
CREATE INDEX recordings_owner_id ON recordings (owner_id) WHERE state <> 'removed';
-- What an owner sent within a day, also what was removed since.
CREATE INDEX recordings_owner_received ON recordings (owner_id, received_at);
CREATE INDEX recordings_without_track ON recordings (received_at) WHERE state = 'received';

-- A recording to be transcoded; the row goes with its end. Taken while the lease stands, free again after it.
CREATE TABLE jobs (
    recording_id uuid PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
    attempts int NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    leased_by uuid,
    traceparent text NOT NULL DEFAULT ''
);
CREATE INDEX jobs_run_at ON jobs (run_at);

-- Whose job was taken last, so that owners take turns.
CREATE TABLE turns (
    owner_id uuid PRIMARY KEY,
    served_at timestamptz NOT NULL
);

-- Objects to delete: everything whose name begins so, from then on.
CREATE TABLE deletions (
    prefix text PRIMARY KEY,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX deletions_due_at ON deletions (due_at);

-- Catalog's tracks, copied by version; a removed one stays.
CREATE TABLE tracks (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    recording_id uuid NOT NULL,
    is_public boolean NOT NULL,
    is_completed boolean NOT NULL,
    is_removed boolean NOT NULL,
    published_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX tracks_recording_id ON tracks (recording_id);
