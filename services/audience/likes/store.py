"""SQL of likes."""

from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from chassis.principal import Principal
from services.audience.changes import Table
from services.audience.likes.like import Like

COLUMNS = "track_id, user_id, owner_id, is_liked, version, liked_at, changed_at"
# Returns no row if it was liked already: nothing changed.
ADD = f"""
INSERT INTO likes AS kept ({COLUMNS})
SELECT $1, $2, $3, true, 1, now, now FROM clock_timestamp() AS now
ON CONFLICT (track_id, user_id) DO UPDATE SET
    owner_id = excluded.owner_id, is_liked = true, version = kept.version + 1,
    liked_at = excluded.liked_at, changed_at = excluded.changed_at
WHERE NOT kept.is_liked
RETURNING {COLUMNS}
"""
REMOVE = f"""
UPDATE likes SET is_liked = false, version = version + 1, changed_at = clock_timestamp()
WHERE track_id = $1 AND user_id = $2 AND is_liked
RETURNING {COLUMNS}
"""
# Locks in the order of the key, so that two withdrawals never deadlock.
REMOVE_SOME = """
WITH taken AS (
    SELECT track_id, user_id FROM likes WHERE {owner} = $1 AND is_liked
    ORDER BY track_id, user_id LIMIT $2 FOR UPDATE
)
UPDATE likes SET is_liked = false, version = version + 1, changed_at = clock_timestamp()
FROM taken WHERE likes.track_id = taken.track_id AND likes.user_id = taken.user_id
RETURNING likes.track_id, likes.user_id, owner_id, is_liked, version, liked_at, changed_at
"""
REMOVE_SOME_OF_TRACK = REMOVE_SOME.format(owner="track_id")
REMOVE_SOME_OF_USER = REMOVE_SOME.format(owner="user_id")
LIST_FOR_TRACK = f"""
SELECT {COLUMNS} FROM likes WHERE track_id = $1 AND is_liked
ORDER BY liked_at DESC, user_id LIMIT $2 OFFSET $3
"""
COUNT_FOR_TRACK = "SELECT count(*) FROM likes WHERE track_id = $1 AND is_liked"
# Likes of listed tracks, of `$2`'s own and, for an admin (`$3`), of all.
OF_USER = """
FROM likes JOIN tracks ON tracks.id = likes.track_id
WHERE user_id = $1 AND is_liked AND NOT is_removed AND (is_public AND is_completed OR tracks.owner_id = $2 OR $3)
"""
LIST_OF = f"""
SELECT track_id, user_id, likes.owner_id, is_liked, likes.version, liked_at, changed_at {OF_USER}
ORDER BY liked_at DESC, track_id LIMIT $4 OFFSET $5
"""
COUNT_OF = f"SELECT count(*) {OF_USER}"
TABLE = Table("likes", COLUMNS, Like)


async def add(conn: Connection, track_id: UUID, user_id: UUID, owner_id: UUID) -> Like | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(ADD, track_id, user_id, owner_id)
    return Like(*row) if row else None


async def remove(conn: Connection, track_id: UUID, user_id: UUID) -> Like | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(REMOVE, track_id, user_id)
    return Like(*row) if row else None


async def remove_some_of_track(conn: Connection, track_id: UUID, most: int) -> list[Like]:
    return [Like(*row) for row in await conn.fetch(REMOVE_SOME_OF_TRACK, track_id, most)]


async def remove_some_of_user(conn: Connection, user_id: UUID, most: int) -> list[Like]:
    return [Like(*row) for row in await conn.fetch(REMOVE_SOME_OF_USER, user_id, most)]


async def list_for_track(conn: Connection, track_id: UUID, page: Page) -> list[Like]:
    return [Like(*row) for row in await conn.fetch(LIST_FOR_TRACK, track_id, page.limit, page.offset)]


async def count_for_track(conn: Connection, track_id: UUID) -> int:
    return int(await conn.fetchval(COUNT_FOR_TRACK, track_id))


async def list_of(conn: Connection, user_id: UUID, page: Page, caller: Principal) -> list[Like]:
    seen = (caller.account_id, caller.is_admin)
    return [Like(*row) for row in await conn.fetch(LIST_OF, user_id, *seen, page.limit, page.offset)]


async def count_of(conn: Connection, user_id: UUID, caller: Principal) -> int:
    return int(await conn.fetchval(COUNT_OF, user_id, caller.account_id, caller.is_admin))
