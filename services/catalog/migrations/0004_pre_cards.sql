-- What is shown of a listed track, so that MongoDB need not be asked. Older rows get it when they are next written, or
-- all by `rebuild-search`.
ALTER TABLE search_tracks ADD COLUMN number bigint, ADD COLUMN card bytea, ADD COLUMN card_version bigint;
CREATE INDEX search_tracks_number ON search_tracks (number);
-- How many listed tracks each artist has.
CREATE TABLE track_counts (owner_id uuid PRIMARY KEY, listed bigint NOT NULL);
INSERT INTO track_counts (owner_id, listed)
SELECT owner_id, count(*) FROM search_tracks WHERE is_listed GROUP BY owner_id;
