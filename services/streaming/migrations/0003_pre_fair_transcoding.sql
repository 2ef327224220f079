-- Whose job was taken last, so that owners take turns; and how much was made of a recording.
CREATE TABLE turns (
    owner_id uuid PRIMARY KEY,
    served_at timestamptz NOT NULL
);
ALTER TABLE recordings ADD COLUMN made_bytes bigint;
