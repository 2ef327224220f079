"""SQL of the copy of tracks."""

from uuid import UUID

from chassis.postgres import Connection
from services.marketplace.tracks.track import Track

APPLY = """
INSERT INTO tracks (id, owner_id, recording_id, title, format, is_completed, is_failed, is_removed, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    owner_id = excluded.owner_id, recording_id = excluded.recording_id,
    title = excluded.title, format = excluded.format,
    is_completed = excluded.is_completed, is_failed = excluded.is_failed, is_removed = excluded.is_removed,
    version = excluded.version
WHERE tracks.version < excluded.version
RETURNING id
"""

LOCK_SHARED = """
SELECT id, owner_id, recording_id, title, format, is_completed, is_failed, is_removed, version
FROM tracks WHERE id = ANY($1) ORDER BY id FOR SHARE
"""

LOCK = "SELECT id FROM tracks WHERE id = ANY($1) ORDER BY id FOR UPDATE"


async def apply(conn: Connection, track: Track) -> bool:
    """Takes over a state that is newer than what is kept; answers whether it was."""
    t = track
    row = await conn.fetchrow(
        APPLY, t.id, t.owner_id, t.recording_id, t.title, t.format, t.is_completed, t.is_failed, t.is_removed, t.version
    )
    return row is not None


async def lock_shared(conn: Connection, ids: set[UUID]) -> dict[UUID, Track]:
    """The tracks, which cannot change until this transaction ends."""
    rows = await conn.fetch(LOCK_SHARED, list(ids)) if ids else []
    return {row["id"]: Track(**row) for row in rows}


async def lock(conn: Connection, ids: set[UUID]) -> None:
    await conn.execute(LOCK, list(ids))
