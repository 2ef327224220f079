"""SQL of totals: who counts holds their rows, who publishes takes the dirty ones."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection
from services.insights.totals.total import AccountTotal, TrackTotal

# In order of id, against deadlocks. First the rows must be there: nothing can hold what does not exist.
MAKE_TRACKS = """
INSERT INTO track_totals (track_id) SELECT id FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id ON CONFLICT DO NOTHING
"""
HOLD_TRACKS = "SELECT FROM track_totals WHERE track_id = ANY($1::uuid[]) ORDER BY track_id FOR NO KEY UPDATE"
MAKE_ACCOUNTS = """
INSERT INTO account_totals (account_id) SELECT id FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id
ON CONFLICT DO NOTHING
"""
HOLD_ACCOUNTS = "SELECT FROM account_totals WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR NO KEY UPDATE"

# The clock's milliseconds make versions go on upwards even when our rows were lost; a clock set back changes nothing.
_NEXT_VERSION = "greatest(version + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
# In order of id, as whoever counts, and waiting for them: skipped, a track that is always played would never be told.
TAKE_DIRTY_TRACKS = f"""
UPDATE track_totals SET is_dirty = false, version = {_NEXT_VERSION}
WHERE track_id IN (
    SELECT track_id FROM track_totals WHERE is_dirty ORDER BY track_id LIMIT $1 FOR NO KEY UPDATE
)
RETURNING track_id, version, plays, likes
"""
TAKE_DIRTY_ACCOUNTS = f"""
UPDATE account_totals SET is_dirty = false, version = {_NEXT_VERSION}
WHERE account_id IN (
    SELECT account_id FROM account_totals WHERE is_dirty ORDER BY account_id LIMIT $1 FOR NO KEY UPDATE
)
RETURNING account_id, version, followers, followees
"""


async def hold_tracks(conn: Connection, ids: Collection[UUID]) -> None:
    """Nobody else counts these tracks until the transaction ends."""
    await conn.execute(MAKE_TRACKS, ids)
    await conn.execute(HOLD_TRACKS, ids)


async def hold_accounts(conn: Connection, ids: Collection[UUID]) -> None:
    """Nobody else counts these accounts until the transaction ends."""
    await conn.execute(MAKE_ACCOUNTS, ids)
    await conn.execute(HOLD_ACCOUNTS, ids)


async def take_dirty_tracks(conn: Connection, limit: int) -> list[TrackTotal]:
    """Totals that changed since they were last taken, each with a new version."""
    return [TrackTotal(*row) for row in await conn.fetch(TAKE_DIRTY_TRACKS, limit)]


async def take_dirty_accounts(conn: Connection, limit: int) -> list[AccountTotal]:
    return [AccountTotal(*row) for row in await conn.fetch(TAKE_DIRTY_ACCOUNTS, limit)]
