"""SQL of the copy of tracks."""

from collections.abc import Collection
from uuid import UUID

from chassis.ids import Ref
from chassis.postgres import Connection
from services.insights.tracks.track import Track

COLUMNS = "id, number, owner_id, is_public, is_removed, version, is_completed, genre, published_at, title"
TAKE_OVER = """
ON CONFLICT (id) DO UPDATE SET
    number = excluded.number, owner_id = excluded.owner_id, is_public = excluded.is_public,
    is_removed = excluded.is_removed, version = excluded.version, is_completed = excluded.is_completed,
    genre = excluded.genre, published_at = excluded.published_at, title = excluded.title
WHERE kept.version < excluded.version OR kept.version = excluded.version AND kept.title = '' AND excluded.title <> ''
"""
APPLY = f"""
INSERT INTO tracks AS kept ({COLUMNS})
SELECT DISTINCT ON (id) {COLUMNS}
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::boolean[], $5::boolean[], $6::bigint[], $7::boolean[],
    $8::text[], $9::timestamptz[], $10::text[]) AS new ({COLUMNS})
ORDER BY id, version DESC
{TAKE_OVER} RETURNING id
"""
GET_BY_ID = f"SELECT {COLUMNS} FROM tracks WHERE id = $1"
GET_BY_NUMBER = f"SELECT {COLUMNS} FROM tracks WHERE number = $1"
# Public, completed ones; with $2 all that are not removed.
LIST_OF_OWNER = f"""
SELECT {COLUMNS} FROM tracks WHERE owner_id = $1 AND NOT is_removed AND (is_public AND is_completed OR $2)
"""


async def apply(conn: Connection, tracks: Collection[Track]) -> list[UUID]:
    """Takes over the states that are newer than what is kept; returns their ids."""
    rows = await conn.fetch(
        APPLY,
        [t.id for t in tracks],
        [t.number for t in tracks],
        [t.owner_id for t in tracks],
        [t.is_public for t in tracks],
        [t.is_removed for t in tracks],
        [t.version for t in tracks],
        [t.is_completed for t in tracks],
        [t.genre for t in tracks],
        [t.published_at for t in tracks],
        [t.title for t in tracks],
    )
    return [row["id"] for row in rows]


async def get(conn: Connection, ref: Ref) -> Track | None:
    row = await (conn.fetchrow(GET_BY_ID, ref.id) if ref.id else conn.fetchrow(GET_BY_NUMBER, ref.number))
    return Track(*row) if row else None


async def list_of_owner(conn: Connection, owner_id: UUID, *, in_every_state: bool) -> list[Track]:
    return [Track(*row) for row in await conn.fetch(LIST_OF_OWNER, owner_id, in_every_state)]
