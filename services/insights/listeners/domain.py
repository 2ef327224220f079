"""Who streamed a track: for everybody who may know of the track; one's own place only for oneself."""

from collections.abc import Sequence
from uuid import UUID

from chassis.errors import Forbidden
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.insights.listeners import store
from services.insights.listeners.listener import Audience, Listener, Place, Streams
from services.insights.tracks.domain import Tracks
from services.insights.tracks.track import Ref

MAX_TOP = 100


class Listeners:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def list_for_track(self, ref: Ref, page: Page, main_user_id: UUID | None, caller: Principal) -> Audience:
        """Heard last first. Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_open(ref, caller)
        _require_own(main_user_id, caller)
        async with self._database.connection() as conn:
            streams, listeners = await store.get_totals(conn, track.id)
            listed = await store.list_last_first(conn, track.id, page)
            return Audience(streams, listeners, listed, await _place(conn, track.id, main_user_id))

    async def list_top(
        self, ref: Ref, main_user_id: UUID | None, caller: Principal
    ) -> tuple[list[Listener], Place | None]:
        """Most distinct hours first, then streams, followers, id. Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_open(ref, caller)
        _require_own(main_user_id, caller)
        async with self._database.connection() as conn:
            return await store.list_top(conn, track.id, MAX_TOP), await _place(conn, track.id, main_user_id)

    async def count_for_tracks(self, track_ids: Sequence[UUID]) -> Streams:
        """Of tracks that the caller may see: who hands over the ids has asked."""
        async with self._database.connection() as conn:
            streams = await store.count_streams(conn, track_ids)
            listeners = await store.count_listeners(conn, track_ids)
        return Streams({id: streams.get(id, 0) for id in track_ids}, listeners)


def _require_own(main_user_id: UUID | None, caller: Principal) -> None:
    """Admins too may ask only for themselves (audience contract, `main_user_id`)."""
    if main_user_id is not None and not caller.is_(main_user_id):
        raise Forbidden("main_user_id must be your own id")


async def _place(conn: Connection, track_id: UUID, user_id: UUID | None) -> Place | None:
    return None if user_id is None else await store.get_place(conn, track_id, user_id)
