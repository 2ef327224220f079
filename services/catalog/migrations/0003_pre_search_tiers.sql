-- Where search looks for a word first: the more a track is played, the higher its tier; each holds several times as many
-- tracks as the one above. Those that nobody played are shared out by their ids. An index each, so that a search stops
-- when it has found enough.
ALTER TABLE search_tracks ADD COLUMN tier smallint NOT NULL DEFAULT 0;
UPDATE search_tracks SET tier = new.tier
FROM (
    SELECT track_id, CASE
        WHEN plays > 0 THEN 3 + least(3, floor(log(8, plays)))
        WHEN get_byte(uuid_send(track_id), 15) < 4 THEN 2
        WHEN get_byte(uuid_send(track_id), 15) < 32 THEN 1
        ELSE 0
    END AS tier
    FROM search_tracks LEFT JOIN totals ON subject_id = track_id
) AS new
WHERE new.track_id = search_tracks.track_id AND new.tier <> 0;
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
-- Words by their beginning.
CREATE INDEX search_words_word ON search_words (word);
