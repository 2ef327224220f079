"""SQL of tracks as they are shown: with totals, whether they are sold, and their owners' cards."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection
from services.catalog.people.person import Person
from services.catalog.people.store import CARD, Row, person
from services.catalog.tracks import card
from services.catalog.tracks.track import Track, View

APPLY_SOLD = """
INSERT INTO sold AS kept (track_id, is_sold, version) VALUES ($1, $2, $3)
ON CONFLICT (track_id) DO UPDATE SET is_sold = excluded.is_sold, version = excluded.version
WHERE kept.version < excluded.version
"""
# All in one round trip; each owner's card is computed once.
_GET = f"""
WITH wanted AS MATERIALIZED ({{wanted}}),
owners AS MATERIALIZED (
    SELECT {CARD}
    FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
    WHERE p.id IN (SELECT owner_id FROM wanted) AND NOT p.is_removed
)
SELECT wanted.*, coalesce(t.plays, 0) AS plays, coalesce(t.likes, 0) AS likes, coalesce(t.reposts, 0) AS reposts,
    coalesce(sold.is_sold, false) AS is_sold, owners.*
FROM wanted
LEFT JOIN totals AS t ON t.subject_id = wanted.track_id
LEFT JOIN sold ON sold.track_id = wanted.track_id
LEFT JOIN owners ON owners.id = wanted.owner_id
"""
# The version of a card is another where a catalog that knew no cards has changed the search row.
GET_LISTED = _GET.format(
    wanted="""
    SELECT track_id, c.number AS track_number, s.owner_id, s.owner_number, s.is_listed, c.card
    FROM track_cards AS c JOIN search_tracks AS s USING (track_id, version)
    WHERE (c.track_id = ANY($1::uuid[]) OR c.number = ANY($2::bigint[])) AND s.is_listed
    """
)
GET_OF = _GET.format(
    wanted="""
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::boolean[], $6::bytea[])
    AS given (track_id, track_number, owner_id, owner_number, is_listed, card)
    """
)


async def get_listed(conn: Connection, ids: Collection[UUID], numbers: Collection[int]) -> list[View]:
    """Those of these that everyone may see, in no order."""
    return [_view(row) for row in await conn.fetch(GET_LISTED, ids, numbers)]


async def get_of(conn: Connection, tracks: Collection[Track]) -> dict[UUID, View]:
    """The views of these tracks by their ids."""
    given = [(t.id, t.number, t.owner_id, t.owner_number, t.is_listed, card.of(t)) for t in tracks]
    rows = await conn.fetch(GET_OF, *map(list, zip(*given, strict=True))) if given else []
    return {row["track_id"]: _view(row) for row in rows}


async def apply_sold(conn: Connection, track_id: UUID, is_sold: bool, version: int) -> None:
    """Takes over marketplace's state if it is newer than what is kept."""
    await conn.execute(APPLY_SOLD, track_id, is_sold, version)


def _view(row: Row) -> View:
    return View(
        id=row["track_id"],
        number=row["track_number"],
        is_listed=row["is_listed"],
        card=row["card"],
        owner=person(row) if row["id"] else _nameless(row),
        plays=row["plays"],
        likes=row["likes"],
        reposts=row["reposts"],
        is_sold=row["is_sold"],
    )


def _nameless(row: Row) -> Person:
    """The owner if missing from the copy of accounts, which means removed, or a copy that is being rebuilt."""
    return Person(id=row["owner_id"], number=row["owner_number"], handle="", name="")
