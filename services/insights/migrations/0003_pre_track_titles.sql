-- Filled by the next event or answer of catalog that names the track.
ALTER TABLE tracks ADD COLUMN title text NOT NULL DEFAULT '';
