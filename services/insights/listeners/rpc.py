"""ListenersService on the wire."""

from typing import Any
from uuid import UUID

from soundstage.insights.v1 import listeners_pb2 as pb
from soundstage.insights.v1.listeners_pb2_grpc import ListenersServiceServicer

from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import Ref, parse
from chassis.pages import Page
from chassis.principal import Kind, allow, current
from services.insights.listeners.domain import Listeners
from services.insights.listeners.listener import Listener, Place

MAX_TRACKS = 10_000


class ListenersRpc(ListenersServiceServicer):
    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    @allow(Kind.USER)
    async def ListForTrack(
        self, request: pb.ListListenersForTrackRequest, context: Any
    ) -> pb.ListListenersForTrackResponse:
        page = Page.of(request.page.offset, request.page.limit, most=100)
        audience = await self._listeners.list_for_track(
            current(), Ref.of(request.track, field="track"), page, _main_user(request.main_user_id)
        )
        return pb.ListListenersForTrackResponse(
            total_streams=audience.total_streams,
            unique_listeners=audience.unique_listeners,
            listeners=[_listener(listener) for listener in audience.listeners],
            main_user=_place(audience.main_user),
        )

    @allow(Kind.USER)
    async def ListTop(self, request: pb.ListTopListenersRequest, context: Any) -> pb.ListTopListenersResponse:
        listeners, place = await self._listeners.list_top(
            current(), Ref.of(request.track, field="track"), _main_user(request.main_user_id)
        )
        return pb.ListTopListenersResponse(
            listeners=[_listener(listener) for listener in listeners], main_user=_place(place)
        )

    @allow(Kind.USER)
    async def CountForTracks(
        self, request: pb.CountListenersForTracksRequest, context: Any
    ) -> pb.CountListenersForTracksResponse:
        if len(request.track_ids) > MAX_TRACKS:
            raise Invalid(fields=[FieldError("track_ids", f"must contain at most {MAX_TRACKS}")])
        streams = await self._listeners.count_for_tracks([parse(id, field="track_ids") for id in request.track_ids])
        return pb.CountListenersForTracksResponse(
            tracks=[pb.TrackStreams(track_id=str(id), streams=count) for id, count in streams.by_track.items()],
            unique_listeners=streams.unique_listeners,
        )

    @allow(Kind.USER)
    async def CountForArtist(
        self, request: pb.CountListenersForArtistRequest, context: Any
    ) -> pb.CountListenersForArtistResponse:
        audience = await self._listeners.count_for_artist(current(), parse(request.artist_id, field="artist_id"))
        return pb.CountListenersForArtistResponse(
            total_streams=audience.total_streams,
            unique_listeners=audience.unique_listeners,
            tracks=[
                pb.TrackStreams(track_id=str(t.track_id), streams=t.streams, title=t.title) for t in audience.tracks
            ],
        )


def _main_user(text: str) -> UUID | None:
    return parse(text, field="main_user_id") if text else None


def _listener(listener: Listener) -> pb.Listener:
    return pb.Listener(
        user_id=str(listener.user_id),
        streams=listener.streams,
        first_streamed_at=timestamp(listener.first_streamed_at),
        last_streamed_at=timestamp(listener.last_streamed_at),
    )


def _place(place: Place | None) -> pb.Place | None:
    return None if place is None else pb.Place(streams=place.streams, rank=place.rank)
