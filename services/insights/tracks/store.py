"""SQL of the copy of tracks."""

from collections.abc import Collection

from chassis.postgres import Connection
from services.insights.tracks.track import Ref, Track

APPLY = """
INSERT INTO tracks AS kept (id, number, owner_id, is_public, is_removed, version)
SELECT DISTINCT ON (id) id, number, owner_id, is_public, is_removed, version
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::boolean[], $5::boolean[], $6::bigint[])
    AS new (id, number, owner_id, is_public, is_removed, version)
ORDER BY id, version DESC
ON CONFLICT (id) DO UPDATE SET
    number = excluded.number, owner_id = excluded.owner_id, is_public = excluded.is_public,
    is_removed = excluded.is_removed, version = excluded.version
WHERE kept.version < excluded.version
"""
GET_BY_ID = "SELECT id, number, owner_id, is_public, is_removed, version FROM tracks WHERE id = $1"
GET_BY_NUMBER = "SELECT id, number, owner_id, is_public, is_removed, version FROM tracks WHERE number = $1"


async def apply(conn: Connection, tracks: Collection[Track]) -> None:
    """Takes over the states that are newer than what is kept."""
    await conn.execute(
        APPLY,
        [t.id for t in tracks],
        [t.number for t in tracks],
        [t.owner_id for t in tracks],
        [t.is_public for t in tracks],
        [t.is_removed for t in tracks],
        [t.version for t in tracks],
    )


async def get(conn: Connection, ref: Ref) -> Track | None:
    row = await (conn.fetchrow(GET_BY_NUMBER, ref.number) if ref.id is None else conn.fetchrow(GET_BY_ID, ref.id))
    return Track(*row) if row else None
