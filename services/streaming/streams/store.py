"""Rows of `tracks`: catalog's, copied by version."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chassis.postgres import Connection
from services.streaming.events import Track

KEEP = """
INSERT INTO tracks (id, owner_id, recording_id, is_public, is_completed, is_removed, published_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET is_public = excluded.is_public, is_completed = excluded.is_completed,
    is_removed = excluded.is_removed, published_at = excluded.published_at, version = excluded.version
WHERE tracks.version < excluded.version
"""
GET = """
SELECT r.track_id, r.owner_id, r.state = 'ready' AS is_ready, coalesce(t.is_public, false) AS is_public,
    coalesce(t.is_completed AND NOT t.is_removed, false) AS is_open, t.published_at
FROM recordings r LEFT JOIN tracks t ON t.id = r.track_id
WHERE r.id = $1 AND r.state <> 'removed' AND r.track_id IS NOT NULL
"""


class Stream(NamedTuple):
    """A stream with what the copy says of its track."""

    track_id: UUID
    owner_id: UUID
    is_ready: bool
    is_public: bool
    is_open: bool
    published_at: datetime | None


async def keep(conn: Connection, track: Track) -> None:
    t = track
    states = (t.is_public, t.is_completed, t.is_removed, t.published_at, t.version)
    await conn.execute(KEEP, t.id, t.owner_id, t.recording_id, *states)


async def get(conn: Connection, stream_id: UUID) -> Stream | None:
    row = await conn.fetchrow(GET, stream_id)
    return Stream(*row) if row else None
