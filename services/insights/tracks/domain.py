"""Our copy of catalog's tracks, and who may look at them: catalog is asked before the copy says no."""

from collections.abc import Callable, Collection
from typing import Protocol
from uuid import UUID

from chassis.asked import Asked
from chassis.errors import Forbidden, NotFound
from chassis.ids import Ref
from chassis.postgres import Database
from chassis.principal import Principal
from services.insights import ranking_queue
from services.insights.tracks import store
from services.insights.tracks.track import Track

MAX_ASKED = 500


class Catalog(Protocol):
    async def list_states(self, refs: Collection[Ref]) -> list[Track]:
        """The tracks as catalog has them now; unknown ones are left out. Raises Unavailable."""


class Tracks:
    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._asked = Asked[Ref](self._learn)

    async def apply(self, tracks: Collection[Track]) -> None:
        async with self._database.transaction() as conn:
            await ranking_queue.add_tracks(conn, await store.apply(conn, tracks))

    async def require_open(self, caller: Principal, ref: Ref) -> Track:
        """The track, if `caller` may know of it. Raises NotFound, Forbidden, Unavailable."""
        return await self._require(ref, lambda track: track.is_open_to(caller))

    async def require_owner(self, caller: Principal, ref: Ref) -> Track:
        """The track, if `caller` owns it or is an admin. Raises NotFound, Forbidden, Unavailable."""
        return await self._require(ref, lambda track: track.is_owned_by(caller))

    async def list_of_owner(self, caller: Principal, owner_id: UUID) -> list[Track]:
        """The owner's tracks that `caller` may see: to the owner and admins in every state. Raises Unavailable."""
        tracks = await self._list_of_owner(caller, owner_id)
        untitled = [Ref(id=track.id) for track in tracks if not track.title]
        for start in range(0, len(untitled), MAX_ASKED):
            await self._learn(untitled[start : start + MAX_ASKED])
        return await self._list_of_owner(caller, owner_id) if untitled else tracks

    async def _list_of_owner(self, caller: Principal, owner_id: UUID) -> list[Track]:
        async with self._database.connection() as conn:
            in_every_state = caller.is_admin or caller.is_(owner_id)
            return await store.list_of_owner(conn, owner_id, in_every_state=in_every_state)

    async def _require(self, ref: Ref, is_allowed: Callable[[Track], bool]) -> Track:
        def is_refused(track: Track | None) -> bool:
            return track is None or track.is_removed or not is_allowed(track)

        track = await self._asked.read(lambda: self._get(ref), lambda track: [ref] if is_refused(track) else [])
        if track is None or track.is_removed:
            raise NotFound("Track not found")
        if not is_allowed(track):
            raise Forbidden("Access denied to this track")
        return track

    async def _learn(self, refs: Collection[Ref]) -> None:
        await self.apply(await self._catalog.list_states(refs))

    async def _get(self, ref: Ref) -> Track | None:
        async with self._database.connection() as conn:
            return await store.get(conn, ref)
