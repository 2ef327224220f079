-- What is shown of a listed track (tracks/card.py), so that MongoDB need not be asked; made anew by `rebuild-search`, as
-- `search_tracks` is. Apart from it, since a search reads some thousand of those rows and shows a few. A card counts while
-- its version is that of the search row: an older catalog writes none. Tracks of before get one when they are next
-- written, or all by `rebuild-search`.
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
INSERT INTO track_counts (owner_id, listed)
SELECT owner_id, count(*) FROM search_tracks WHERE is_listed GROUP BY owner_id;
