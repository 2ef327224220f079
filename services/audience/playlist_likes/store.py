"""SQL of likes of playlists."""

from uuid import UUID

from chassis.postgres import Connection
from services.audience.changes import Table
from services.audience.playlist_likes.playlist_like import PlaylistLike

COLUMNS = "playlist_id, account_id, owner_id, is_liked, version, liked_at, changed_at"
# Returns no row if it was liked already: nothing changed.
ADD = f"""
INSERT INTO playlist_likes AS kept ({COLUMNS})
SELECT $1, $2, $3, true, 1, now, now FROM clock_timestamp() AS now
ON CONFLICT (playlist_id, account_id) DO UPDATE SET
    owner_id = excluded.owner_id, is_liked = true, version = kept.version + 1,
    liked_at = excluded.liked_at, changed_at = excluded.changed_at
WHERE NOT kept.is_liked
RETURNING {COLUMNS}
"""
REMOVE = f"""
UPDATE playlist_likes SET is_liked = false, version = version + 1, changed_at = clock_timestamp()
WHERE playlist_id = $1 AND account_id = $2 AND is_liked
RETURNING {COLUMNS}
"""
# Locks in the order of the key, so that two withdrawals never deadlock.
REMOVE_SOME = """
WITH taken AS (
    SELECT playlist_id, account_id FROM playlist_likes WHERE {of} = $1 AND is_liked
    ORDER BY playlist_id, account_id LIMIT $2 FOR UPDATE
)
UPDATE playlist_likes AS kept SET is_liked = false, version = version + 1, changed_at = clock_timestamp()
FROM taken WHERE kept.playlist_id = taken.playlist_id AND kept.account_id = taken.account_id
RETURNING kept.playlist_id, kept.account_id, owner_id, is_liked, version, liked_at, changed_at
"""
REMOVE_SOME_OF_PLAYLIST = REMOVE_SOME.format(of="playlist_id")
REMOVE_SOME_OF_ACCOUNT = REMOVE_SOME.format(of="account_id")
TABLE = Table("playlist_likes", COLUMNS, PlaylistLike)


async def add(conn: Connection, playlist_id: UUID, account_id: UUID, owner_id: UUID) -> PlaylistLike | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(ADD, playlist_id, account_id, owner_id)
    return PlaylistLike(*row) if row else None


async def remove(conn: Connection, playlist_id: UUID, account_id: UUID) -> PlaylistLike | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(REMOVE, playlist_id, account_id)
    return PlaylistLike(*row) if row else None


async def remove_some_of_playlist(conn: Connection, playlist_id: UUID, most: int) -> list[PlaylistLike]:
    return [PlaylistLike(*row) for row in await conn.fetch(REMOVE_SOME_OF_PLAYLIST, playlist_id, most)]


async def remove_some_of_account(conn: Connection, account_id: UUID, most: int) -> list[PlaylistLike]:
    return [PlaylistLike(*row) for row in await conn.fetch(REMOVE_SOME_OF_ACCOUNT, account_id, most)]
