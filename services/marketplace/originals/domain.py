"""The original of a removed track is kept while an order needs it, and released once none does."""

from uuid import UUID

from chassis.postgres import Connection, Database
from services.marketplace import events
from services.marketplace.originals import store


class Originals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def decide(self, conn: Connection, track_id: UUID, recording_id: UUID) -> None:
        """In the transaction that learns of a track's removal: says once whether its original is kept."""
        if original := await store.decide(conn, track_id, recording_id):
            await self._database.add_event(conn, events.original_decided(original))

    async def release(self, conn: Connection, track_ids: set[UUID]) -> None:
        """Releases originals that were kept for an order which came to nothing."""
        released = await store.release(conn, track_ids)
        await self._database.add_events(conn, [events.original_decided(original) for original in released])
