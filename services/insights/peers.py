"""What insights asks of other services, and how their states read here."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from soundstage.audience.v1 import follows_pb2, follows_pb2_grpc, likes_pb2, likes_pb2_grpc, plays_pb2, plays_pb2_grpc
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
        request = tracks_pb2.ListStatesRequest(tracks=[message(ref) for ref in refs])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE)
        return [events.track(state) for state in answer.tracks]

    async def export_tracks(self, after: Track | None) -> AsyncIterator[Sequence[Track]]:
        """All tracks, tombstones too, in order of id, from behind `after` on."""
        request = tracks_pb2.ExportRequest(after_id=str(after.id) if after else "")
        async for answer in stream(self._tracks.Export, request, caller=SERVICE):
            yield [events.track(state) for state in answer.tracks]


class Audience:
    """The owner of plays, likes and follows. A range of minutes is from its first up to before `until`."""

    def __init__(self, channel: Channel) -> None:
        self._plays = plays_pb2_grpc.PlaysServiceStub(channel.grpc)
        self._likes = likes_pb2_grpc.LikesServiceStub(channel.grpc)
        self._follows = follows_pb2_grpc.FollowsServiceStub(channel.grpc)

    async def count_plays(self, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
        """By minute: the plays received, and 0."""
        span = {"from": timestamp(since), "to": timestamp(until)}
        answer = await call(self._plays.CountMinutes, plays_pb2.CountMinutesRequest(**span), caller=SERVICE)
        return {events.moment(m.minute): (m.count, 0) for m in answer.minutes}

    async def count_likes(self, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
        """By minute: the states last changed then, and the sum of their versions."""
        span = {"from": timestamp(since), "to": timestamp(until)}
        answer = await call(self._likes.CountChanges, likes_pb2.CountChangesRequest(**span), caller=SERVICE)
        return {events.moment(m.minute): (m.count, m.version_sum) for m in answer.minutes}

    async def resend_plays(self, minutes: Sequence[datetime]) -> None:
        request = plays_pb2.ResendMinutesRequest(minutes=[timestamp(minute) for minute in minutes])
        await call(self._plays.ResendMinutes, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def resend_likes(self, minutes: Sequence[datetime]) -> None:
        request = likes_pb2.ResendChangesRequest(minutes=[timestamp(minute) for minute in minutes])
        await call(self._likes.ResendChanges, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def export_plays(
        self, after: plays_pb2.PlayRecorded | None
    ) -> AsyncIterator[Sequence[plays_pb2.PlayRecorded]]:
        """All plays in order of id, from behind `after` on."""
        request = plays_pb2.ExportRequest(after_id=after.id if after else "")
        async for answer in stream(self._plays.Export, request, caller=SERVICE):
            yield answer.plays

    async def export_likes(self, after: likes_pb2.LikeState | None) -> AsyncIterator[Sequence[likes_pb2.LikeState]]:
        request = likes_pb2.LikesServiceExportRequest()
        if after:
            request.after_track_id, request.after_user_id = after.track_id, after.user_id
        async for answer in stream(self._likes.Export, request, caller=SERVICE):
            yield answer.likes

    async def export_follows(
        self, after: follows_pb2.FollowState | None
    ) -> AsyncIterator[Sequence[follows_pb2.FollowState]]:
        request = follows_pb2.FollowsServiceExportRequest()
        if after:
            request.after_follower_id, request.after_followee_id = after.follower_id, after.followee_id
        async for answer in stream(self._follows.Export, request, caller=SERVICE):
            yield answer.follows


class Owners:
    """All whose rows a rebuild takes."""

    def __init__(self, catalog: Catalog, audience: Audience) -> None:
        self.export_tracks = catalog.export_tracks
        self.export_plays = audience.export_plays
        self.export_likes = audience.export_likes
        self.export_follows = audience.export_follows
