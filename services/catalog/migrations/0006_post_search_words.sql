-- `known_words` and `known_digests` stand in its place.
DROP TABLE search_words;
