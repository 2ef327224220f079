"""The totals move a track between the tiers that search asks."""

from chassis.postgres import Database
from services.catalog.listings import tiers
from services.catalog.totals import store
from services.catalog.totals.total import Total


class Totals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, total: Total) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, total)
            await tiers.move(conn, total.subject_id)
