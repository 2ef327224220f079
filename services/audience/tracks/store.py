"""SQL of the copy of tracks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chassis.postgres import Connection
from services.audience.tracks.track import Track

APPLY = """
INSERT INTO tracks AS kept (id, number, owner_id, is_public, is_completed, duration_ms, version, is_removed)
SELECT id, number, owner_id, is_public, is_completed, duration_ms, version, is_removed
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::boolean[], $5::boolean[], $6::bigint[], $7::bigint[],
    $8::boolean[]) AS new (id, number, owner_id, is_public, is_completed, duration_ms, version, is_removed)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    number = excluded.number, owner_id = excluded.owner_id, is_public = excluded.is_public,
    is_completed = excluded.is_completed, duration_ms = excluded.duration_ms, version = excluded.version,
    is_removed = excluded.is_removed
WHERE kept.version < excluded.version
"""
# Always answers at least one row, so that the database's clock comes with the tracks in one round trip.
GET_MANY = """
SELECT tracks.id, number, owner_id, is_public, is_completed, duration_ms, version, is_removed,
    clock_timestamp() AS read_at
FROM unnest($1::uuid[]) AS wanted (id) LEFT JOIN tracks ON tracks.id = wanted.id
"""
GET = """
SELECT id, number, owner_id, is_public, is_completed, duration_ms, version, is_removed FROM tracks WHERE id = $1
"""
# Adding a state to a track locks its row, so that none is added after its removal.
GET_FOR_SHARE = GET + " FOR SHARE"


async def apply(conn: Connection, tracks: Collection[Track]) -> None:
    """Takes over the states that are newer than what is kept."""
    await conn.execute(
        APPLY,
        [t.id for t in tracks],
        [t.number for t in tracks],
        [t.owner_id for t in tracks],
        [t.is_public for t in tracks],
        [t.is_completed for t in tracks],
        [t.duration_ms for t in tracks],
        [t.version for t in tracks],
        [t.is_removed for t in tracks],
    )


async def get_many(conn: Connection, ids: Collection[UUID]) -> tuple[dict[UUID, Track], datetime]:
    """The known ones of these (at least one id), and the database's time."""
    rows = await conn.fetch(GET_MANY, ids)
    tracks = [Track(*tuple(row)[:-1]) for row in rows if row["id"] is not None]
    return {track.id: track for track in tracks}, rows[0]["read_at"]


async def get(conn: Connection, id: UUID) -> Track | None:
    row = await conn.fetchrow(GET, id)
    return Track(*row) if row else None


async def get_for_share(conn: Connection, id: UUID) -> Track | None:
    row = await conn.fetchrow(GET_FOR_SHARE, id)
    return Track(*row) if row else None
