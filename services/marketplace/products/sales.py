"""Whether a track is for sale, told with each change of it, so that its original is not free to download meanwhile."""

from uuid import UUID

from chassis.postgres import Connection, Database
from services.marketplace import events
from services.marketplace.products import store


async def tell(db: Database, conn: Connection, track_id: UUID | None) -> None:
    """The last step of whoever changed a product of the track."""
    if track_id is not None and (sale := await store.change_sale(conn, track_id)):
        await db.add_event(conn, events.product_changed(sale))


async def end(db: Database, conn: Connection, track_id: UUID) -> None:
    """Takes every product of a removed track off sale."""
    await store.archive_track(conn, track_id)
    await tell(db, conn, track_id)
