"""Rows of `uploads` and `quotas`: what is arriving, and the lock under which bytes are counted."""

from uuid import UUID

from chassis.postgres import Connection

# Locks the owner, whether known before or not, and answers a limit of their own.
LOCK_OWNER = """
INSERT INTO quotas (owner_id) VALUES ($1) ON CONFLICT (owner_id) DO UPDATE SET owner_id = excluded.owner_id
RETURNING limit_bytes
"""
# Summed each time: a running total would be one more thing that could drift.
COUNT_BYTES = """
SELECT coalesce((SELECT sum(bytes) FROM recordings WHERE owner_id = $1 AND state <> 'removed'), 0)
    + coalesce((SELECT sum(reserved_bytes) FROM uploads WHERE owner_id = $1 AND id <> $2), 0)
"""
RESERVE = """
INSERT INTO uploads (id, owner_id, reserved_bytes) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET reserved_bytes = excluded.reserved_bytes
"""
RELEASE = "DELETE FROM uploads WHERE id = $1"
TAKE_ABANDONED = """
DELETE FROM uploads WHERE started_at < clock_timestamp() - make_interval(secs => $1) RETURNING id
"""


async def lock_owner(conn: Connection, owner_id: UUID) -> int | None:
    limit: int | None = await conn.fetchval(LOCK_OWNER, owner_id)
    return limit


async def count_bytes(conn: Connection, owner_id: UUID, without: UUID) -> int:
    return int(await conn.fetchval(COUNT_BYTES, owner_id, without))


async def reserve(conn: Connection, upload_id: UUID, owner_id: UUID, reserved_bytes: int) -> None:
    await conn.execute(RESERVE, upload_id, owner_id, reserved_bytes)


async def release(conn: Connection, upload_id: UUID) -> bool:
    """False when there was none: it took so long that it was swept."""
    return str(await conn.execute(RELEASE, upload_id)) != "DELETE 0"


async def take_abandoned(conn: Connection, age_seconds: float) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(TAKE_ABANDONED, age_seconds)]
