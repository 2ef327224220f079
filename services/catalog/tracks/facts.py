"""SQL of what Postgres knows beside a track: totals, whether it is sold, its owner's card."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection
from services.catalog.people.person import Person
from services.catalog.people.store import CARD, Row, person
from services.catalog.tracks.card import Card
from services.catalog.tracks.track import Facts

APPLY_SOLD = """
INSERT INTO sold AS kept (track_id, is_sold, version) VALUES ($1, $2, $3)
ON CONFLICT (track_id) DO UPDATE SET is_sold = excluded.is_sold, version = excluded.version
WHERE kept.version < excluded.version
"""
# The whole page in one round trip, each owner's card worked out once.
GET_MANY = f"""
WITH owners AS MATERIALIZED (
    SELECT {CARD}
    FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
    WHERE p.id = ANY($2::uuid[]) AND NOT p.is_removed
)
SELECT wanted.track_id, coalesce(t.plays, 0) AS plays, coalesce(t.likes, 0) AS likes,
    coalesce(t.reposts, 0) AS reposts, coalesce(sold.is_sold, false) AS is_sold, owners.*
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (track_id, owner_id)
LEFT JOIN totals AS t ON t.subject_id = wanted.track_id
LEFT JOIN sold ON sold.track_id = wanted.track_id
LEFT JOIN owners ON owners.id = wanted.owner_id
"""


async def get_many(conn: Connection, cards: Collection[Card]) -> dict[UUID, Facts]:
    rows = await conn.fetch(GET_MANY, [card.id for card in cards], [card.owner_id for card in cards])
    by_track = {row["track_id"]: row for row in rows}
    return {card.id: _facts(card, by_track[card.id]) for card in cards}


async def apply_sold(conn: Connection, track_id: UUID, is_sold: bool, version: int) -> None:
    """Takes over marketplace's word if it is newer than what is kept."""
    await conn.execute(APPLY_SOLD, track_id, is_sold, version)


def _facts(card: Card, row: Row) -> Facts:
    owner = person(row) if row["id"] else _nameless(card)
    return Facts(owner, row["plays"], row["likes"], row["reposts"], row["is_sold"])


def _nameless(card: Card) -> Person:
    """The owner when the copy of accounts has none: removed, or the copy is being made anew."""
    return Person(id=card.owner_id, number=card.owner_number, handle="", name="")
