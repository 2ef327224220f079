"""The rules of the copy of tracks: the newest version stands; a removed track takes its products off sale."""

from time import monotonic
from typing import Protocol
from uuid import UUID

from chassis.postgres import Connection, Database
from services.marketplace import events
from services.marketplace.products import sales
from services.marketplace.tracks import store
from services.marketplace.tracks.store import Track

# How long a no of catalog's is believed, and how many of them are remembered.
NO_SECONDS = 1.0
MAX_KEPT = 10_000


class Catalog(Protocol):
    async def list_states(self, track_ids: list[UUID]) -> list[Track]: ...


class Tracks:
    def __init__(self, db: Database, catalog: Catalog) -> None:
        self._db = db
        self._catalog = catalog
        self._noes: dict[UUID, float] = {}

    async def asked(self, track_id: UUID) -> bool:
        """Before the copy says no, catalog is asked once. False: it just said no. Raises Unavailable."""
        now = monotonic()
        if self._noes.get(track_id, now) > now:
            return False
        states = await self._catalog.list_states([track_id])
        if not any([await keep(self._db, state) for state in states]):
            self._remember_no(track_id, now)
        return True

    def _remember_no(self, track_id: UUID, now: float) -> None:
        if len(self._noes) >= MAX_KEPT:
            self._noes.clear()
        self._noes[track_id] = now + NO_SECONDS


async def keep(db: Database, track: Track) -> bool:
    """Takes a newer state over, and answers a removal in the same transaction."""
    async with db.transaction() as conn:
        is_newer = await store.keep(conn, track)
        if is_newer and track.is_removed:
            await _close(db, conn, track)
        return is_newer


async def _close(db: Database, conn: Connection, track: Track) -> None:
    await sales.end(db, conn, track.id)
    if original := await store.answer(conn, track):
        await db.add_event(conn, events.original_answered(original))


async def release(db: Database, conn: Connection, track_ids: set[UUID]) -> None:
    """Lets originals go that were kept for an order which came to nothing."""
    released = await store.release(conn, track_ids)
    await db.add_events(conn, [events.original_answered(original) for original in released])
