"""SQL of streams."""

from uuid import UUID

from chassis.postgres import Connection
from services.streaming.streams.stream import Stream

GET = """
SELECT r.track_id, r.owner_id, r.state = 'ready' AS is_ready, coalesce(t.is_public, false) AS is_public,
    coalesce(t.is_completed AND NOT t.is_removed, false) AS is_open, t.published_at
FROM recordings r LEFT JOIN tracks t ON t.id = r.track_id
WHERE r.id = $1 AND r.state <> 'removed' AND r.track_id IS NOT NULL
"""


async def get(conn: Connection, stream_id: UUID) -> Stream | None:
    row = await conn.fetchrow(GET, stream_id)
    return Stream(*row) if row else None
