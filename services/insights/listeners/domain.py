"""Who streamed a track: for everybody who may know of the track; one's own place only for oneself."""

from collections.abc import Sequence
from uuid import UUID

from chassis.errors import Forbidden
from chassis.ids import Ref
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.insights.listeners import store
from services.insights.listeners.listener import ArtistAudience, Audience, Listener, Place, Streams, TrackStreams
from services.insights.tracks.domain import Tracks

MAX_TOP = 100


class Listeners:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def list_for_track(self, caller: Principal, ref: Ref, page: Page, main_user_id: UUID | None) -> Audience:
        """Most recent listeners first. Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_open(caller, ref)
        _require_own(caller, main_user_id)
        async with self._database.connection() as conn:
            streams, listeners = await store.get_totals(conn, track.id)
            listed = await store.list_last_first(conn, track.id, page)
            return Audience(streams, listeners, listed, await _place(conn, track.id, main_user_id))

    async def list_top(
        self, caller: Principal, ref: Ref, main_user_id: UUID | None
    ) -> tuple[list[Listener], Place | None]:
        """Most distinct hours first, then streams, followers, id. Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_open(caller, ref)
        _require_own(caller, main_user_id)
        async with self._database.connection() as conn:
            return await store.list_top(conn, track.id, MAX_TOP), await _place(conn, track.id, main_user_id)

    async def count_for_tracks(self, track_ids: Sequence[UUID]) -> Streams:
        """Of tracks that the caller may see; whoever passes the ids has checked that."""
        async with self._database.connection() as conn:
            streams = await store.count_streams(conn, track_ids)
            listeners = await store.count_listeners(conn, track_ids)
        return Streams({id: streams.get(id, 0) for id in track_ids}, listeners)

    async def count_for_artist(self, caller: Principal, artist_id: UUID) -> ArtistAudience:
        """Of all of an artist's tracks that `caller` may see; zeros without any. Raises Unavailable."""
        tracks = await self._tracks.list_of_owner(caller, artist_id)
        streams = await self.count_for_tracks([track.id for track in tracks])
        of_each = [TrackStreams(track.id, track.title, streams.by_track[track.id]) for track in tracks]
        of_each.sort(key=lambda counted: (-counted.streams, counted.track_id))
        return ArtistAudience(sum(streams.by_track.values()), streams.unique_listeners, of_each)


def _require_own(caller: Principal, main_user_id: UUID | None) -> None:
    """Admins too may ask only for themselves (audience contract, `main_user_id`)."""
    if main_user_id is not None and not caller.is_(main_user_id):
        raise Forbidden("main_user_id must be your own id")


async def _place(conn: Connection, track_id: UUID, user_id: UUID | None) -> Place | None:
    return None if user_id is None else await store.get_place(conn, track_id, user_id)
