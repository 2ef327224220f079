"""SQL of what Postgres knows beside playlists: their totals, their owners' cards, the plays of their tracks."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from chassis.postgres import Connection
from services.catalog.people.person import Person
from services.catalog.people.store import CARD, person
from services.catalog.playlists.playlist import Playlist

GET_MANY = f"""
WITH owners AS MATERIALIZED (
    SELECT {CARD}
    FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
    WHERE p.id = ANY($2::uuid[]) AND NOT p.is_removed
)
SELECT wanted.playlist_id, coalesce(t.likes, 0) AS likes, coalesce(t.reposts, 0) AS reposts, owners.*
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (playlist_id, owner_id)
LEFT JOIN totals AS t ON t.subject_id = wanted.playlist_id
LEFT JOIN owners ON owners.id = wanted.owner_id
"""
PLAYS = "SELECT subject_id, plays FROM totals WHERE subject_id = ANY($1::uuid[]) AND plays > 0"


@dataclass(frozen=True, slots=True)
class Facts:
    # None: not in the copy of accounts, which means removed, or a copy that is being rebuilt.
    owner: Person | None
    likes: int
    reposts: int


async def get_many(conn: Connection, playlists: Collection[Playlist]) -> dict[UUID, Facts]:
    rows = await conn.fetch(GET_MANY, [p.id for p in playlists], [p.owner_id for p in playlists])
    return {row["playlist_id"]: Facts(person(row) if row["id"] else None, row["likes"], row["reposts"]) for row in rows}


async def get_plays(conn: Connection, track_ids: Collection[UUID]) -> dict[UUID, int]:
    """The plays of these tracks, where there are any."""
    if not track_ids:
        return {}
    return {row["subject_id"]: row["plays"] for row in await conn.fetch(PLAYS, list(track_ids))}
