"""Audience as insights meets it: a real server that answers for a history, and can be down."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
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

from chassis.clock import timestamp
from chassis.errors import Unavailable
from chassis.principal import allow_services
from services.insights import wire
from tests.integration.insights.history import History
from tests.integration.insights.naive import latest
from tests.support.owners import nobody_may

CHUNK = 70


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
