-- What is kept of catalog's playlists, as of tracks.
CREATE TABLE playlists (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    owner_id uuid NOT NULL,
    is_public boolean NOT NULL,
    collaborator_ids uuid[] NOT NULL,
    version bigint NOT NULL,
    is_removed boolean NOT NULL
);

CREATE TABLE playlist_likes (
    playlist_id uuid NOT NULL,
    account_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    is_liked boolean NOT NULL,
    version bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (playlist_id, account_id)
);
CREATE INDEX playlist_likes_account ON playlist_likes (account_id) WHERE is_liked;
CREATE INDEX playlist_likes_changed_at ON playlist_likes (changed_at);

-- Of a track (kind 1) or a playlist (2).
CREATE TABLE reposts (
    subject_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind smallint NOT NULL,
    owner_id uuid NOT NULL,
    is_reposted boolean NOT NULL,
    version bigint NOT NULL,
    reposted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, account_id)
);
CREATE INDEX reposts_account ON reposts (account_id, reposted_at DESC, subject_id) WHERE is_reposted;
CREATE INDEX reposts_changed_at ON reposts (changed_at);

-- One asks for an account by its number too, and for what it likes and whom it follows, newest first.
CREATE INDEX accounts_number ON accounts (number);
CREATE INDEX likes_of_user ON likes (user_id, liked_at DESC, track_id) WHERE is_liked;
DROP INDEX likes_user;
CREATE INDEX follows_follower ON follows (follower_id, followed_at DESC, followee_id) WHERE is_following;
CREATE INDEX follows_changed_at ON follows (changed_at);
