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

-- Who shares one name space of users. `public` is everybody who signs up by himself; it has no credentials.
CREATE TABLE tenants (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    client_id uuid UNIQUE,
    -- SHA-256: the secret is 256 random bits, so nothing slower is needed.
    secret_hash bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((client_id IS NULL) = (secret_hash IS NULL))
);
INSERT INTO tenants (name) VALUES ('public');

CREATE SEQUENCE account_numbers;
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    number bigint NOT NULL DEFAULT nextval('account_numbers') UNIQUE,
    tenant text NOT NULL REFERENCES tenants (name),
    username text,
    email text,
    password_hash text,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    bio text,
    avatar text,
    location text,
    first_name text,
    last_name text,
    gender text,
    date_of_birth date,
    -- Grows with each change that others copy.
    version bigint NOT NULL DEFAULT 1,
    -- Access tokens issued before this moment are refused.
    not_before timestamptz,
    removed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (removed_at IS NOT NULL OR email IS NOT NULL),
    CHECK (removed_at IS NULL OR num_nonnulls(username, email, password_hash, bio, avatar, location, first_name,
        last_name, gender, date_of_birth) = 0)
);
-- COLLATE "C": the same folding of ASCII whatever the database's language.
CREATE UNIQUE INDEX accounts_username ON accounts (tenant, lower(username COLLATE "C"));
CREATE UNIQUE INDEX accounts_email ON accounts (tenant, lower(email COLLATE "C"));
CREATE INDEX accounts_not_before ON accounts (not_before) WHERE not_before IS NOT NULL;

-- One login: its refresh tokens are one family.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    refresh_days int NOT NULL CHECK (refresh_days > 0),
    ip_address text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    refreshed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_account ON sessions (account_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The next token's text, encrypted under a key that only this token's text gives; kept for 10 s after its use.
    successor bytea
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_successor ON refresh_tokens (used_at) WHERE successor IS NOT NULL;
