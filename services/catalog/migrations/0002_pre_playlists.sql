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
