"""Catalog and audience as insights meets them: real servers that answer for what a test gave them, and can be away."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from soundstage.audience.v1 import (
    follows_pb2,
    follows_pb2_grpc,
    likes_pb2,
    likes_pb2_grpc,
    playlist_likes_pb2,
    playlist_likes_pb2_grpc,
    plays_pb2,
    plays_pb2_grpc,
    reposts_pb2,
    reposts_pb2_grpc,
)
from soundstage.catalog.v1 import tracks_pb2, tracks_pb2_grpc

from chassis.clock import timestamp
from chassis.config import Settings
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.principal import allow, allow_services, policy_of
from chassis.server import Server
from services.insights import wire
from tests.integration.insights.history import History
from tests.integration.insights.naive import latest

CHUNK = 70


def track_state(**changes: object) -> tracks_pb2.TrackState:
    state = tracks_pb2.TrackState(
        id=str(new_id()),
        number=1,
        owner_id=str(new_id()),
        is_public=True,
        status=tracks_pb2.TRACK_STATUS_COMPLETED,
        duration_ms=200_000,
        version=1,
    )
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def nobody_may(servicer: type[Any]) -> type[Any]:
    """States a policy for the methods that insights does not call, so that the server starts."""

    @allow()
    async def refuse(self: Any, request: Any, context: Any) -> None:
        raise AssertionError("insights does not call this")

    for name in [name for name in dir(servicer) if name[0].isupper() and policy_of(getattr(servicer, name)) is None]:
        setattr(servicer, name, refuse)
    return servicer


@nobody_may
class Catalog(tracks_pb2_grpc.TracksServiceServicer):
    """Answers for what a test gave it, and can be away."""

    def __init__(self) -> None:
        self.states: dict[str, tracks_pb2.TrackState] = {}
        self.asked = 0
        self.is_away = False

    def has(self, **changes: object) -> tracks_pb2.TrackState:
        state = track_state(**changes)
        self.states[state.id] = state
        return state

    @allow_services
    async def ListStates(
        self, request: tracks_pb2.ListTrackStatesRequest, context: Any
    ) -> tracks_pb2.ListTrackStatesResponse:
        self.asked += 1
        if self.is_away:
            raise Unavailable()
        known = [
            state
            for state in self.states.values()
            if any(ref.id == state.id or ref.number == state.number for ref in request.tracks)
        ]
        return tracks_pb2.ListTrackStatesResponse(tracks=known)

    @allow_services
    async def Export(
        self, request: tracks_pb2.ExportTracksRequest, context: Any
    ) -> AsyncIterator[tracks_pb2.ExportTracksResponse]:
        for id in sorted(self.states):
            if id > request.after_id:
                yield tracks_pb2.ExportTracksResponse(tracks=[self.states[id]])


def minute_of(value: Any) -> datetime:
    return wire.moment(value).replace(second=0, microsecond=0)


def wanted(minute: datetime, request: Any) -> bool:
    return wire.moment(getattr(request, "from")) <= minute < wire.moment(request.to)


class Audience:
    """The owner of a history. `breaks` exports break off midway, each after a chunk."""

    def __init__(self) -> None:
        self.history = History()
        self.resent_plays: list[datetime] = []
        self.resent: dict[str, list[datetime]] = defaultdict(list)
        self.breaks = 0
        self.is_away = False

    def maybe_break(self) -> None:
        if self.is_away:
            raise Unavailable()
        if self.breaks:
            self.breaks -= 1
            raise Unavailable()

    def servicers(self) -> list[tuple[Any, Callable[[Any, Any], None]]]:
        return [
            (Plays(self), plays_pb2_grpc.add_PlaysServiceServicer_to_server),  # type: ignore[abstract]
            (Likes(self), likes_pb2_grpc.add_LikesServiceServicer_to_server),
            (Reposts(self), reposts_pb2_grpc.add_RepostsServiceServicer_to_server),
            (PlaylistLikes(self), playlist_likes_pb2_grpc.add_PlaylistLikesServiceServicer_to_server),
            (Follows(self), follows_pb2_grpc.add_FollowsServiceServicer_to_server),
        ]


@nobody_may
class Plays(plays_pb2_grpc.PlaysServiceServicer):
    def __init__(self, audience: Audience) -> None:
        self._of = audience

    @allow_services
    async def CountMinutes(self, request: Any, context: Any) -> plays_pb2.CountPlayMinutesResponse:
        counts = Counter(minute_of(play.received_at) for play in self._of.history.plays)
        return plays_pb2.CountPlayMinutesResponse(
            minutes=[
                plays_pb2.MinuteCount(minute=timestamp(minute), count=count)
                for minute, count in counts.items()
                if wanted(minute, request)
            ]
        )

    @allow_services
    async def ResendMinutes(self, request: Any, context: Any) -> plays_pb2.ResendPlayMinutesResponse:
        self._of.resent_plays += map(wire.moment, request.minutes)
        return plays_pb2.ResendPlayMinutesResponse()

    @allow_services
    async def Export(self, request: Any, context: Any) -> AsyncIterator[plays_pb2.ExportPlaysResponse]:
        plays = sorted(
            (play for play in self._of.history.plays if play.id > request.after_id), key=lambda play: play.id
        )
        for first in range(0, len(plays), CHUNK):
            yield plays_pb2.ExportPlaysResponse(plays=plays[first : first + CHUNK])
            self._of.maybe_break()


def states(servicer: type[Any], messages: Any, history: str, *key: str) -> Callable[[Audience], Any]:
    """A servicer of one kind of state, in `history` of a History."""
    name = history.removeprefix("playlist_")
    (service,) = messages.DESCRIPTOR.services_by_name.values()
    count, resend, export = (
        getattr(messages, service.methods_by_name[method].output_type.name)
        for method in ("CountChanges", "ResendChanges", "Export")
    )

    @nobody_may
    class States(servicer):  # type: ignore[misc]
        def __init__(self, audience: Audience) -> None:
            self._of = audience

        @property
        def _latest(self) -> dict[tuple[str, ...], Any]:
            return latest(getattr(self._of.history, history), *key)

        @allow_services
        async def CountChanges(self, request: Any, context: Any) -> Any:
            minutes: dict[datetime, list[int]] = defaultdict(list)
            for state in self._latest.values():
                minutes[minute_of(state.changed_at)].append(state.version)
            return count(
                minutes=[
                    likes_pb2.MinuteChanges(minute=timestamp(m), count=len(versions), version_sum=sum(versions))
                    for m, versions in minutes.items()
                    if wanted(m, request)
                ]
            )

        @allow_services
        async def ResendChanges(self, request: Any, context: Any) -> Any:
            self._of.resent[history] += map(wire.moment, request.minutes)
            return resend()

        @allow_services
        async def Export(self, request: Any, context: Any) -> AsyncIterator[Any]:
            after = tuple(getattr(request, f"after_{field}") for field in key)
            for place in sorted(place for place in self._latest if place > after):
                yield export(**{name: [self._latest[place]]})
                self._of.maybe_break()

    return States


Likes = states(likes_pb2_grpc.LikesServiceServicer, likes_pb2, "likes", "track_id", "user_id")
Reposts = states(reposts_pb2_grpc.RepostsServiceServicer, reposts_pb2, "reposts", "subject_id", "account_id")
PlaylistLikes = states(
    playlist_likes_pb2_grpc.PlaylistLikesServiceServicer,
    playlist_likes_pb2,
    "playlist_likes",
    "playlist_id",
    "account_id",
)
Follows = states(follows_pb2_grpc.FollowsServiceServicer, follows_pb2, "follows", "follower_id", "followee_id")


@asynccontextmanager
async def serving(*servicers: tuple[Any, Callable[[Any, Any], None]]) -> AsyncIterator[str]:
    """The address of a server of these."""
    server = Server(Settings(port=0), servicers)
    async with running(server):
        yield f"127.0.0.1:{server.port}"


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(server.run(stop))
    while not server.port and not task.done():  # noqa: ASYNC110 - the port is known when it is bound
        await asyncio.sleep(0.005)
    try:
        if task.done():
            task.result()
        yield
    finally:
        stop.set()
        await task
