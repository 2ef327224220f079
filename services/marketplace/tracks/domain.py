"""Our copy of catalog's tracks: the newest version stands, and catalog is asked before the copy says no."""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol
from uuid import UUID

from chassis.asked import Asked
from chassis.postgres import Connection, Database
from services.marketplace.tracks import store
from services.marketplace.tracks.track import Track


class Catalog(Protocol):
    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""


class Tracks:
    """`close` ends the sale of a track that failed or was removed, in the transaction that learns of it."""

    def __init__(
        self, database: Database, catalog: Catalog, close: Callable[[Connection, Track], Awaitable[None]]
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._close = close
        self.asked = Asked[UUID](self._learn)

    async def apply(self, track: Track) -> None:
        async with self._database.transaction() as conn:
            if await store.apply(conn, track) and (track.is_removed or track.is_failed):
                await self._close(conn, track)

    async def _learn(self, ids: Collection[UUID]) -> None:
        for track in await self._catalog.list_states(ids):
            await self.apply(track)
