"""The copy may say yes; before it says no, catalog is asked once, and its no is kept for a second."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.errors import Forbidden, NotFound
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience.asked import Asked
from services.audience.tracks import store
from services.audience.tracks.track import Track


class Catalog(Protocol):
    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""


class Tracks:
    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._asked = Asked()

    async def apply(self, track: Track) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, [track])

    async def ask(self, ids: Collection[UUID]) -> set[UUID]:
        """Takes over what catalog says now of these. Answers those asked about; the rest were within the last second.

        Raises Unavailable when catalog or the database is away: then nobody knows, and no is the wrong answer.
        """
        doubtful = self._asked.without(ids)
        if doubtful:
            states = await self._catalog.list_states(doubtful)
            async with self._database.transaction() as conn:
                await store.apply(conn, states)
            self._asked.add(doubtful)
        return doubtful

    async def require_open(self, id: UUID, caller: Principal) -> Track:
        """The track, if `caller` may know of it. Raises NotFound, Forbidden, Unavailable."""
        track = await self._get(id)
        if track is None or track.is_removed or not track.is_open_to(caller):
            track = await self._ask_for(id)
        return seen(track, caller)

    async def find(self, id: UUID) -> Track | None:
        """The track, whoever may see it; None only if catalog does not know it either. Raises Unavailable."""
        return await self._get(id) or await self._ask_for(id)

    async def _ask_for(self, id: UUID) -> Track | None:
        await self.ask([id])
        return await self._get(id)

    async def _get(self, id: UUID) -> Track | None:
        async with self._database.connection() as conn:
            return await store.get(conn, id)


def seen(track: Track | None, caller: Principal) -> Track:
    """`track` as `caller` may see it. Raises NotFound, Forbidden."""
    if track is None or track.is_removed:
        raise NotFound("Track not found")
    if not track.is_open_to(caller):
        raise Forbidden("This track is private")
    return track
