"""SQL of follows."""

from collections.abc import Collection
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.audience.changes import Table
from services.audience.follows.follow import Follow

COLUMNS = "follower_id, followee_id, is_following, version, followed_at, changed_at"
# Returns no row if it was followed already: nothing changed.
ADD = f"""
INSERT INTO follows AS kept ({COLUMNS})
SELECT $1, $2, true, 1, now, now FROM clock_timestamp() AS now
ON CONFLICT (follower_id, followee_id) DO UPDATE SET
    is_following = true, version = kept.version + 1,
    followed_at = excluded.followed_at, changed_at = excluded.changed_at
WHERE NOT kept.is_following
RETURNING {COLUMNS}
"""
REMOVE = f"""
UPDATE follows SET is_following = false, version = version + 1, changed_at = clock_timestamp()
WHERE follower_id = $1 AND followee_id = $2 AND is_following
RETURNING {COLUMNS}
"""
# Both directions of a removed account; locks in the order of the key, as for likes.
REMOVE_SOME_OF_ACCOUNT = """
WITH taken AS (
    SELECT follower_id, followee_id FROM follows
    WHERE (follower_id = $1 OR followee_id = $1) AND is_following
    ORDER BY follower_id, followee_id LIMIT $2 FOR UPDATE
)
UPDATE follows SET is_following = false, version = version + 1, changed_at = clock_timestamp()
FROM taken WHERE follows.follower_id = taken.follower_id AND follows.followee_id = taken.followee_id
RETURNING follows.follower_id, follows.followee_id, is_following, version, followed_at, changed_at
"""
LIST_AMONG = """
SELECT followee_id FROM follows WHERE follower_id = $1 AND followee_id = ANY($2::uuid[]) AND is_following
"""
LIST_FOLLOWERS = f"""
SELECT {COLUMNS} FROM follows WHERE followee_id = $1 AND is_following
ORDER BY followed_at DESC, follower_id LIMIT $2 OFFSET $3
"""
COUNT_FOLLOWERS = "SELECT count(*) FROM follows WHERE followee_id = $1 AND is_following"
LIST_FOLLOWEES = f"""
SELECT {COLUMNS} FROM follows WHERE follower_id = $1 AND is_following
ORDER BY followed_at DESC, followee_id LIMIT $2 OFFSET $3
"""
COUNT_FOLLOWEES = "SELECT count(*) FROM follows WHERE follower_id = $1 AND is_following"
TABLE = Table("follows", COLUMNS, Follow)


async def add(conn: Connection, follower_id: UUID, followee_id: UUID) -> Follow | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(ADD, follower_id, followee_id)
    return Follow(*row) if row else None


async def remove(conn: Connection, follower_id: UUID, followee_id: UUID) -> Follow | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(REMOVE, follower_id, followee_id)
    return Follow(*row) if row else None


async def remove_some_of_account(conn: Connection, account_id: UUID, most: int) -> list[Follow]:
    return [Follow(*row) for row in await conn.fetch(REMOVE_SOME_OF_ACCOUNT, account_id, most)]


async def list_among(conn: Connection, follower_id: UUID, account_ids: Collection[UUID]) -> list[UUID]:
    return [row["followee_id"] for row in await conn.fetch(LIST_AMONG, follower_id, account_ids)]


async def list_followers(conn: Connection, account_id: UUID, page: Page) -> list[Follow]:
    return [Follow(*row) for row in await conn.fetch(LIST_FOLLOWERS, account_id, page.limit, page.offset)]


async def count_followers(conn: Connection, account_id: UUID) -> int:
    return int(await conn.fetchval(COUNT_FOLLOWERS, account_id))


async def list_followees(conn: Connection, account_id: UUID, page: Page) -> list[Follow]:
    return [Follow(*row) for row in await conn.fetch(LIST_FOLLOWEES, account_id, page.limit, page.offset)]


async def count_followees(conn: Connection, account_id: UUID) -> int:
    return int(await conn.fetchval(COUNT_FOLLOWEES, account_id))
