"""Our copy of catalog's tracks: catalog is asked before the copy says no."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.asked import Asked
from chassis.postgres import Database
from services.streaming.tracks import store
from services.streaming.tracks.track import Track


class Catalog(Protocol):
    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""


class Tracks:
    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self.asked = Asked[UUID](self._learn)

    async def _learn(self, ids: Collection[UUID]) -> None:
        states = await self._catalog.list_states(ids)
        async with self._database.transaction() as conn:
            for track in states:
                await store.apply(conn, track)
