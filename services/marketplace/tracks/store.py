"""The copy of catalog's tracks, and what became of the originals of removed ones."""

from dataclasses import dataclass
from uuid import UUID

from chassis.postgres import Connection


@dataclass(frozen=True, slots=True)
class Track:
    id: UUID
    owner_id: UUID
    recording_id: UUID
    title: str
    # mp3, flac, wav, ogg, m4a.
    format: str
    is_completed: bool
    is_removed: bool
    version: int


@dataclass(frozen=True, slots=True)
class Original:
    recording_id: UUID
    track_id: UUID
    is_kept: bool


KEEP = """
INSERT INTO tracks (id, owner_id, recording_id, title, format, is_completed, is_removed, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    owner_id = excluded.owner_id, recording_id = excluded.recording_id,
    title = excluded.title, format = excluded.format,
    is_completed = excluded.is_completed, is_removed = excluded.is_removed, version = excluded.version
WHERE tracks.version < excluded.version
RETURNING id
"""

LOCK_SHARED = """
SELECT id, owner_id, recording_id, title, format, is_completed, is_removed, version
FROM tracks WHERE id = ANY($1) ORDER BY id FOR SHARE
"""

LOCK = "SELECT id FROM tracks WHERE id = ANY($1) ORDER BY id FOR UPDATE"

# Of two orders, one failing and one placed, the row of the track decides who comes first.
IS_HELD = """
EXISTS (
    SELECT 1 FROM order_lines AS line JOIN orders ON orders.id = line.order_id
    WHERE line.recording_id = {recording} AND orders.status IN ('pending', 'completed')
)
"""

ANSWER = f"""
INSERT INTO originals (recording_id, track_id, is_kept) VALUES ($1, $2, {IS_HELD.format(recording="$1")})
ON CONFLICT (recording_id) DO NOTHING
RETURNING recording_id, track_id, is_kept
"""

RELEASE = f"""
UPDATE originals SET is_kept = false
WHERE track_id = ANY($1) AND is_kept AND NOT {IS_HELD.format(recording="originals.recording_id")}
RETURNING recording_id, track_id, is_kept
"""


async def keep(conn: Connection, track: Track) -> bool:
    """Whether `track` was newer than what is kept."""
    t = track
    row = await conn.fetchrow(
        KEEP, t.id, t.owner_id, t.recording_id, t.title, t.format, t.is_completed, t.is_removed, t.version
    )
    return row is not None


async def lock_shared(conn: Connection, ids: set[UUID]) -> dict[UUID, Track]:
    """The tracks as they stay until this transaction ends."""
    rows = await conn.fetch(LOCK_SHARED, list(ids)) if ids else []
    return {row["id"]: Track(**row) for row in rows}


async def lock(conn: Connection, ids: set[UUID]) -> None:
    await conn.execute(LOCK, list(ids))


async def answer(conn: Connection, track: Track) -> Original | None:
    """Decides on the original of a removed track, whose row is locked; None when that was done before."""
    row = await conn.fetchrow(ANSWER, track.recording_id, track.id)
    return Original(**row) if row else None


async def release(conn: Connection, track_ids: set[UUID]) -> list[Original]:
    """Lets go of kept originals that no order needs any more; the tracks' rows are locked."""
    return [Original(**row) for row in await conn.fetch(RELEASE, list(track_ids))]
