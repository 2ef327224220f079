"""How many tracks of each artist everyone may see.

Every card of a person says it and every track is shown with such a card, so a page of a hundred tracks would count a
hundred thousand. It is counted when a row is written instead, by one writer of an artist at a time: of two at once,
neither would see the other's row.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from chassis.postgres import Connection

LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('catalog.track_counts ' || owner_id, 0))
FROM unnest($1::uuid[]) AS wanted (owner_id)
"""
COUNT = """
INSERT INTO track_counts AS kept (owner_id, listed)
SELECT wanted.owner_id, count(s.track_id)
FROM unnest($1::uuid[]) AS wanted (owner_id)
LEFT JOIN search_tracks AS s ON s.owner_id = wanted.owner_id AND s.is_listed
GROUP BY wanted.owner_id
ON CONFLICT (owner_id) DO UPDATE SET listed = excluded.listed WHERE kept.listed <> excluded.listed
"""
FORGET = "DELETE FROM track_counts"
COUNT_REBUILT = """
INSERT INTO track_counts (owner_id, listed)
SELECT owner_id, count(*) FROM shadow.search_tracks WHERE is_listed GROUP BY owner_id
"""


@asynccontextmanager
async def counted(conn: Connection, owner_ids: Collection[UUID]) -> AsyncIterator[None]:
    """Only within this block, which is part of a transaction, may rows of these artists be written."""
    ordered = sorted(set(owner_ids))
    await conn.execute(LOCK, ordered)
    yield
    await conn.execute(COUNT, ordered)


async def count_rebuilt(conn: Connection, timeout_seconds: float) -> None:
    await conn.execute(FORGET)
    await conn.execute(COUNT_REBUILT, timeout=timeout_seconds)
