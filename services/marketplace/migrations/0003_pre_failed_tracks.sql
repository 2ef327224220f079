-- A track that could not be processed and never will be is not for sale.
ALTER TABLE tracks ADD COLUMN is_failed boolean NOT NULL DEFAULT false;
