"""What insights asks of other services, and how their states read here."""

from collections.abc import AsyncIterator, Collection, Sequence
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

from chassis.client import Channel, call, stream
from chassis.clock import timestamp
from chassis.principal import SERVICE
from services.insights import events
from services.insights.refs import message
from services.insights.tracks.track import Ref, Track

# To publish a minute again may mean writing a quarter of a million rows.
RESEND_SECONDS = 25.0


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = tracks_pb2_grpc.TracksServiceStub(channel.grpc)

    async def list_states(self, refs: Collection[Ref]) -> list[Track]:
        request = tracks_pb2.ListTrackStatesRequest(tracks=[message(ref) for ref in refs])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE)
        return [events.track(state) for state in answer.tracks]

    async def export_tracks(self, after: Track | None) -> AsyncIterator[Sequence[Track]]:
        """All tracks, tombstones too, in order of number, from behind `after` on."""
        request = tracks_pb2.ExportTracksRequest(after_id=str(after.id) if after else "")
        async for answer in stream(self._tracks.Export, request, caller=SERVICE):
            yield [events.track(state) for state in answer.tracks]


class Audience:
    """The owner of plays, and of the states of likes, reposts and follows."""

    def __init__(self, channel: Channel) -> None:
        grpc = channel.grpc
        self._plays = plays_pb2_grpc.PlaysServiceStub(grpc)
        self.likes = States(likes_pb2_grpc.LikesServiceStub(grpc), likes_pb2, "likes", ("track_id", "user_id"))
        self.reposts = States(
            reposts_pb2_grpc.RepostsServiceStub(grpc), reposts_pb2, "reposts", ("subject_id", "account_id")
        )
        self.playlist_likes = States(
            playlist_likes_pb2_grpc.PlaylistLikesServiceStub(grpc),
            playlist_likes_pb2,
            "likes",
            ("playlist_id", "account_id"),
        )
        self.follows = States(
            follows_pb2_grpc.FollowsServiceStub(grpc), follows_pb2, "follows", ("follower_id", "followee_id")
        )

    async def count_plays(self, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
        """By minute, from the first up to before `until`: the plays received, and 0."""
        span = {"from": timestamp(since), "to": timestamp(until)}
        answer = await call(self._plays.CountMinutes, plays_pb2.CountPlayMinutesRequest(**span), caller=SERVICE)
        return {events.moment(m.minute): (m.count, 0) for m in answer.minutes}

    async def resend_plays(self, minutes: Sequence[datetime]) -> None:
        request = plays_pb2.ResendPlayMinutesRequest(minutes=[timestamp(minute) for minute in minutes])
        await call(self._plays.ResendMinutes, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def export_plays(
        self, after: plays_pb2.PlayRecorded | None
    ) -> AsyncIterator[Sequence[plays_pb2.PlayRecorded]]:
        """All plays in order of id, from behind `after` on."""
        request = plays_pb2.ExportPlaysRequest(after_id=after.id if after else "")
        async for answer in stream(self._plays.Export, request, caller=SERVICE):
            yield answer.plays


class States:
    """One kind of state at its owner. All kinds have the same three calls, under messages of their own."""

    def __init__(self, stub: Any, messages: Any, name: str, key: tuple[str, str]) -> None:
        self._stub, self._name, self._key = stub, name, key
        (service,) = messages.DESCRIPTOR.services_by_name.values()
        self._count, self._resend, self._export = (
            getattr(messages, service.methods_by_name[method].input_type.name)
            for method in ("CountChanges", "ResendChanges", "Export")
        )

    async def count(self, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
        """By minute, from the first up to before `until`: the states last changed then, and their versions' sum."""
        request = self._count(**{"from": timestamp(since), "to": timestamp(until)})
        answer = await call(self._stub.CountChanges, request, caller=SERVICE)
        return {events.moment(m.minute): (m.count, m.version_sum) for m in answer.minutes}

    async def resend(self, minutes: Sequence[datetime]) -> None:
        request = self._resend(minutes=[timestamp(minute) for minute in minutes])
        await call(self._stub.ResendChanges, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def export(self, after: Any) -> AsyncIterator[Sequence[Any]]:
        """All states in order of their key, from behind `after` on."""
        request = self._export(**{f"after_{field}": getattr(after, field) for field in self._key} if after else {})
        async for answer in stream(self._stub.Export, request, caller=SERVICE):
            yield getattr(answer, self._name)


class Owners:
    """All whose rows a rebuild takes."""

    def __init__(self, catalog: Catalog, audience: Audience) -> None:
        self.export_tracks = catalog.export_tracks
        self.export_plays = audience.export_plays
        self.export_likes = audience.likes.export
        self.export_follows = audience.follows.export
        self.export_reposts = audience.reposts.export
        self.export_playlist_likes = audience.playlist_likes.export
