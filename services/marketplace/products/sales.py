"""Whether a track is for sale: published with each change of it, so that its original is never free to download."""

from uuid import UUID

from chassis.postgres import Connection, Database
from services.marketplace import events
from services.marketplace.products import store


class Sales:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, conn: Connection, track_id: UUID | None) -> None:
        """The last step of every change to a product of the track."""
        if track_id is not None and (sale := await store.change_sale(conn, track_id)):
            await self._database.add_event(conn, events.product_changed(sale))

    async def end(self, conn: Connection, track_id: UUID) -> None:
        """Takes every product of a track that failed or was removed off sale."""
        await store.archive_track(conn, track_id)
        await self.publish(conn, track_id)
