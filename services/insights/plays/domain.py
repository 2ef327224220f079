"""Counting plays: the row is the inbox, so however often a play arrives, it is counted once."""

from collections.abc import Sequence

from chassis import clock
from chassis.postgres import Connection, Database
from services.insights import ranking_queue
from services.insights.plays import store
from services.insights.plays.play import Play
from services.insights.totals import store as totals
from services.insights.totals.total import Subjects


async def count(conn: Connection, plays: Sequence[Play]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    await totals.hold(conn, Subjects(tracks={play.track_id for play in plays}))
    added = await store.add(conn, plays)
    fresh = {play.id: play for play in plays if play.id in added}
    if fresh:
        await store.count(conn, list(fresh.values()), clock.utc_now())
        await ranking_queue.add_tracks(conn, {play.track_id for play in fresh.values()})


class Plays:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def prune(self) -> None:
        """Deletes the minutes that no read looks back to."""
        async with self._database.transaction() as conn:
            await store.prune_minutes(conn, clock.utc_now())
