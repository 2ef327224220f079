-- Everything here is derived: from MongoDB, from auth's accounts, from insights' totals and marketplace's products.

-- Copy of auth's accounts. A row is never deleted: a removed account stays as a tombstone with its version.
CREATE TABLE people (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    tenant text NOT NULL,
    handle text NOT NULL,
    name text NOT NULL,
    bio text,
    picture text,
    location text,
    -- Handle and name as search folds them.
    handle_key text COLLATE "C" NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    words tsvector NOT NULL,
    version bigint NOT NULL,
    is_removed boolean NOT NULL
);
CREATE INDEX ON people (number);
CREATE INDEX ON people USING gin (words);

-- Copy of insights' absolute totals, of tracks and of accounts.
CREATE TABLE totals (
    subject_id uuid PRIMARY KEY,
    plays bigint NOT NULL,
    likes bigint NOT NULL,
    reposts bigint NOT NULL,
    followers bigint NOT NULL,
    followees bigint NOT NULL,
    reposts_made bigint NOT NULL,
    version bigint NOT NULL
);

-- Copy of marketplace's word on whether a track is sold for more than nothing.
CREATE TABLE sold (
    track_id uuid PRIMARY KEY,
    is_sold boolean NOT NULL,
    version bigint NOT NULL
);

-- One row a track, to list and to search by. `rebuild-search` makes this table anew in the schema `shadow` and swaps it
-- in, so its indexes keep the names that Postgres gives by itself.
CREATE TABLE search_tracks (
    track_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    owner_number bigint NOT NULL,
    -- Public, completed and not removed: what everyone may see.
    is_listed boolean NOT NULL,
    is_removed boolean NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    genre_key text COLLATE "C",
    format text NOT NULL,
    duration_seconds bigint NOT NULL,
    created_at timestamptz NOT NULL,
    -- Empty unless the track is listed.
    words tsvector NOT NULL,
    version bigint NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Where search looks first: the more a track is played, the higher; each holds several times as many as the one above.
    -- Those that nobody played are shared out by their ids.
    tier smallint NOT NULL DEFAULT 0
);
CREATE INDEX ON search_tracks (created_at, track_id) WHERE is_listed;
CREATE INDEX ON search_tracks (owner_id, is_listed);
CREATE INDEX ON search_tracks USING gin (words);
CREATE SCHEMA shadow;

-- One row a playlist, to list, to search and to recommend by; made anew by `rebuild-search` as `search_tracks` is.
CREATE TABLE search_playlists (
    playlist_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    owner_id uuid NOT NULL,
    -- Collaborators: they see it while it is private, as its owner does.
    reader_ids uuid[] NOT NULL,
    -- Each distinct one once.
    track_ids uuid[] NOT NULL,
    is_public boolean NOT NULL,
    is_album boolean NOT NULL,
    is_removed boolean NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    words tsvector NOT NULL,
    version bigint NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON search_playlists (created_at, playlist_id) WHERE is_public AND NOT is_removed;
CREATE INDEX ON search_playlists (owner_id, is_album) WHERE NOT is_removed;
CREATE INDEX ON search_playlists USING gin (reader_ids);
CREATE INDEX ON search_playlists USING gin (track_ids);
CREATE INDEX ON search_playlists USING gin (words);

-- People by handle, in any case.
CREATE INDEX ON people (handle_key);

-- A search looks from the highest tier down and stops when it has found enough.
CREATE INDEX search_tracks_words_0 ON search_tracks USING gin (words) WHERE tier = 0;
CREATE INDEX search_tracks_words_1 ON search_tracks USING gin (words) WHERE tier = 1;
CREATE INDEX search_tracks_words_2 ON search_tracks USING gin (words) WHERE tier = 2;
CREATE INDEX search_tracks_words_3 ON search_tracks USING gin (words) WHERE tier = 3;
CREATE INDEX search_tracks_words_4 ON search_tracks USING gin (words) WHERE tier = 4;
CREATE INDEX search_tracks_words_5 ON search_tracks USING gin (words) WHERE tier = 5;
CREATE INDEX search_tracks_words_6 ON search_tracks USING gin (words) WHERE tier = 6;
-- An exact title; an artist's tracks, newest first.
CREATE INDEX search_tracks_title ON search_tracks (title_key, tier) WHERE is_listed;
CREATE INDEX search_tracks_owner_number ON search_tracks (owner_number, created_at, track_id) WHERE is_listed;
-- What is shown of a listed track (tracks/card.py), so that MongoDB need not be asked; made anew by `rebuild-search`, as
-- `search_tracks` is. Apart from it, since a search reads some thousand of those rows and shows a few. A card counts while
-- its version is that of the search row: an older catalog writes none.
CREATE TABLE track_cards (
    track_id uuid PRIMARY KEY,
    number bigint NOT NULL,
    -- NULL unless the track is listed.
    card bytea,
    version bigint NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON track_cards (number);

-- How many listed tracks each artist has; kept with the rows.
CREATE TABLE track_counts (owner_id uuid PRIMARY KEY, listed bigint NOT NULL);

-- The words of what everybody may see, each with the owner who said it first.
CREATE TABLE known_words (
    word text COLLATE "C" PRIMARY KEY,
    owner_id uuid NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When it was last seen to be in use.
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON known_words (owner_id, added_at);
CREATE INDEX ON known_words (checked_at);
-- Each under digests of its beginning and of what is left of that when letters are missing. A row each and no array under
-- GIN: the planner takes an overlap of arrays for common and reads the whole table instead.
CREATE TABLE known_digests (
    digest int NOT NULL,
    word text COLLATE "C" NOT NULL,
    PRIMARY KEY (digest, word)
);
