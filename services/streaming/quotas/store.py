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
# Seconds within a day, also of what was removed since; and bytes of what is made, estimated until they are known.
COUNT_SOUND = """
SELECT
    coalesce(sum(seconds) FILTER (WHERE received_at > clock_timestamp() - interval '1 day'), 0)::float8 AS seconds,
    coalesce(
        sum(coalesce(made_bytes, seconds * $2::float8)) FILTER (WHERE state IN ('received', 'transcoding', 'ready')), 0
    )::float8 AS made_bytes
FROM (
    SELECT *, coalesce(frames::float8 / frame_rate, stated_seconds, bytes * 8.0 / nullif(bitrate, 0), 0) AS seconds
    FROM recordings
    WHERE owner_id = $1 AND (state <> 'removed' OR received_at > clock_timestamp() - interval '1 day')
) AS each
"""


async def lock_owner(conn: Connection, owner_id: UUID) -> int | None:
    limit: int | None = await conn.fetchval(LOCK_OWNER, owner_id)
    return limit


async def count_bytes(conn: Connection, owner_id: UUID, without: UUID) -> int:
    return int(await conn.fetchval(COUNT_BYTES, owner_id, without))


async def count_sound(conn: Connection, owner_id: UUID, bytes_per_second: int) -> tuple[float, float]:
    """Seconds that the owner sent within a day, and bytes of all that is made of their recordings."""
    row = await conn.fetchrow(COUNT_SOUND, owner_id, bytes_per_second)
    assert row is not None
    return row["seconds"], row["made_bytes"]
