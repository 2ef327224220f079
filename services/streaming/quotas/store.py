"""SQL of quotas, and the lock under which bytes are counted."""

from uuid import UUID

from chassis.postgres import Connection

# Locks the owner, known or not, and returns its own limit if it has one.
LOCK_OWNER = """
INSERT INTO quotas (owner_id) VALUES ($1) ON CONFLICT (owner_id) DO UPDATE SET owner_id = excluded.owner_id
RETURNING limit_bytes
"""
# Summed each time: a running total could drift.
COUNT_BYTES = """
SELECT coalesce((SELECT sum(bytes) FROM recordings WHERE owner_id = $1 AND state <> 'removed'), 0)
    + coalesce((SELECT sum(reserved_bytes) FROM uploads WHERE owner_id = $1 AND id <> $2), 0)
"""


async def lock_owner(conn: Connection, owner_id: UUID) -> int | None:
    limit: int | None = await conn.fetchval(LOCK_OWNER, owner_id)
    return limit


async def count_bytes(conn: Connection, owner_id: UUID, without: UUID) -> int:
    return int(await conn.fetchval(COUNT_BYTES, owner_id, without))
