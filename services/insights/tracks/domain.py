"""Who may look. The copy may say yes; before it says no, catalog is asked once, and its no is kept for a second."""

from collections.abc import Callable, Collection
from time import monotonic
from typing import Protocol

from chassis.errors import Forbidden, NotFound
from chassis.postgres import Database
from chassis.principal import Principal
from services.insights.tracks import store
from services.insights.tracks.track import Ref, Track
from services.insights.trending import queue

NO_KEPT_SECONDS = 1.0
MAX_KEPT = 10_000


class Catalog(Protocol):
    async def list_states(self, refs: Collection[Ref]) -> list[Track]:
        """The tracks as catalog has them now; unknown ones are left out. Raises Unavailable."""


class Tracks:
    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._asked_at: dict[Ref, float] = {}

    async def apply(self, tracks: Collection[Track]) -> None:
        async with self._database.transaction() as conn:
            await queue.add_tracks(conn, await store.apply(conn, tracks))

    async def require_open(self, ref: Ref, caller: Principal) -> Track:
        """The track, if `caller` may know of it. Raises NotFound, Forbidden, Unavailable."""
        return await self._require(ref, lambda track: track.is_open_to(caller))

    async def require_run(self, ref: Ref, caller: Principal) -> Track:
        """The track, if `caller` owns it or is an admin. Raises NotFound, Forbidden, Unavailable."""
        return await self._require(ref, lambda track: track.is_run_by(caller))

    async def _require(self, ref: Ref, is_allowed: Callable[[Track], bool]) -> Track:
        track = await self._get(ref)
        if track is None or track.is_removed or not is_allowed(track):
            track = await self._ask(ref) or track
        if track is None or track.is_removed:
            raise NotFound("Track not found")
        if not is_allowed(track):
            raise Forbidden("Access denied to this track")
        return track

    async def _ask(self, ref: Ref) -> Track | None:
        """What catalog says now; nothing when it was asked within the last second. Raises Unavailable."""
        if self._asked_at.get(ref, 0.0) > monotonic() - NO_KEPT_SECONDS:
            return await self._get(ref)
        states = await self._catalog.list_states([ref])
        await self.apply(states)
        self._remember(ref)
        return await self._get(ref)

    def _remember(self, ref: Ref) -> None:
        """Once the answer is kept: before, another caller would take the old copy for catalog's no."""
        if len(self._asked_at) > MAX_KEPT:
            self._asked_at.clear()
        self._asked_at[ref] = monotonic()

    async def _get(self, ref: Ref) -> Track | None:
        async with self._database.connection() as conn:
            return await store.get(conn, ref)
