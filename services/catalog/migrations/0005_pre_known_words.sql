-- Instead of `search_words`: the words of what everybody may see, each with the owner who said it first. Filled by
-- whatever is written, and by `rebuild-search`.
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
