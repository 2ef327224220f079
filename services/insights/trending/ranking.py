"""Brings scores up to date: of what was queued, and of what a window or the age moves though nothing happens.

One process at a time does, batch by batch, each in a transaction of its own; what is queued meanwhile waits for the
next batch. The cost follows the tracks touched, and those whose moment has come; never all of them.
"""

from collections.abc import Awaitable, Callable

from chassis import clock
from chassis.postgres import Connection, Database
from services.insights.trending import ranking_store as store
from services.insights.trending.formula import LENGTHS, MIN_FOLLOWERS, Window, edge, score

TRACKS_AT_ONCE = 5000
# Each may bring along everything that it reposted and liked.
QUEUED_AT_ONCE = 500
PAIRS_AT_ONCE = 10_000
MAX_BATCHES = 100


class Ranking:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def rank(self) -> None:
        """Ranks until nothing is left, or for this many batches; does nothing while another process ranks."""
        started = clock.utc_now()
        is_settled = await self._repeat(self._settle)
        is_scored = await self._repeat(self._score)
        if is_settled and is_scored:
            async with self._database.transaction() as conn:
                await store.keep_ranked(conn, started)

    async def _repeat(self, work: Callable[[Connection], Awaitable[bool]]) -> bool:
        """Whether `work` reported that nothing is left."""
        for _ in range(MAX_BATCHES):
            async with self._database.transaction() as conn:
                if not await store.try_hold(conn):
                    return False
                if not await work(conn):
                    return True
        return False

    async def _settle(self, conn: Connection) -> bool:
        """Updates the karma of what queued accounts reposted and liked; returns whether there may be more."""
        queued = await store.list_queued_accounts(conn, QUEUED_AT_ONCE)
        if not queued:
            return False
        accounts = {row.account_id for row in queued if row.track_id is None}
        pairs = {(row.account_id, row.track_id) for row in queued if row.track_id is not None}
        await store.queue_owned(conn, accounts, MIN_FOLLOWERS)
        settled = await store.settle(conn, accounts, pairs, PAIRS_AT_ONCE)
        if settled == PAIRS_AT_ONCE:
            return True  # the same accounts again, until this batch ends before its limit
        await store.forget_queued_accounts(conn, [row.id for row in queued])
        return len(queued) == QUEUED_AT_ONCE

    async def _score(self, conn: Connection) -> bool:
        """Scores what is queued or due; returns whether there may be more."""
        now = clock.utc_now()
        queued = await store.list_queued_tracks(conn, TRACKS_AT_ONCE)
        due = await store.list_due(conn, now, TRACKS_AT_ONCE)
        standings = await store.list_standings(conn, {row.track_id for row in queued} | set(due))
        moving = [standing.track_id for standing in standings if standing.is_scored]
        edges: dict[Window, object] = {window: edge(window, now) for window in LENGTHS}
        windows = await store.count_windows(conn, moving, edges)
        await store.keep(conn, [score(standing, windows.get(standing.track_id, {}), now) for standing in standings])
        await store.forget_queued_tracks(conn, [row.id for row in queued])
        return TRACKS_AT_ONCE in (len(queued), len(due))
