"""Tells others, through the outbox, the absolute totals of what changed."""

from chassis.postgres import Database
from services.insights import events
from services.insights.totals import store

MAX_AT_ONCE = 1000


class Totals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self) -> int:
        """Publishes dirty totals and marks them clean in one transaction; returns how many subjects."""
        async with self._database.transaction() as conn:
            tracks = await store.take_dirty_tracks(conn, MAX_AT_ONCE)
            playlists = await store.take_dirty_playlists(conn, MAX_AT_ONCE)
            accounts = await store.take_dirty_accounts(conn, MAX_AT_ONCE)
            changed = [
                *map(events.track_totals_changed, tracks),
                *map(events.playlist_totals_changed, playlists),
                *map(events.account_totals_changed, accounts),
            ]
            await self._database.add_events(conn, changed)
        return len(changed)

    async def publish_all(self) -> None:
        while await self.publish() >= MAX_AT_ONCE:
            pass
