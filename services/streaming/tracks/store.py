"""SQL of the copy of tracks."""

from chassis.postgres import Connection
from services.streaming.tracks.track import Track

APPLY = """
INSERT INTO tracks (id, owner_id, recording_id, is_public, is_completed, is_removed, published_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET is_public = excluded.is_public, is_completed = excluded.is_completed,
    is_removed = excluded.is_removed, published_at = excluded.published_at, version = excluded.version
WHERE tracks.version < excluded.version
"""


async def apply(conn: Connection, track: Track) -> None:
    """Takes over a state that is newer than what is kept."""
    t = track
    states = (t.is_public, t.is_completed, t.is_removed, t.published_at, t.version)
    await conn.execute(APPLY, t.id, t.owner_id, t.recording_id, *states)
