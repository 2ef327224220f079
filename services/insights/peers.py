"""The services that insights calls, and what their events and states mean here, however they come."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

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
from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PLAY_SOURCE_AUDIENCE, PlayRecorded
from soundstage.audience.v1.reposts_pb2 import REPOST_KIND_PLAYLIST, REPOST_KIND_TRACK, RepostState
from soundstage.catalog.v1 import tracks_pb2, tracks_pb2_grpc
from soundstage.catalog.v1.tracks_pb2 import TRACK_STATUS_COMPLETED, TrackState
from soundstage.common.v1 import common_pb2

from chassis.client import Channel, call, stream
from chassis.clock import timestamp
from chassis.errors import Invalid
from chassis.ids import Ref, parse
from chassis.principal import SERVICE
from services.insights.follows.follow import Follow
from services.insights.likes.like import Like
from services.insights.playlist_likes.playlist_like import PlaylistLike
from services.insights.plays.play import DEVICE_CHARACTERS, Listening, Play
from services.insights.reposts.repost import Kind, Repost
from services.insights.tracks.track import Track
from services.insights.wire import moment

# Republishing a minute may write a quarter of a million rows.
RESEND_SECONDS = 25.0
KINDS = {REPOST_KIND_TRACK: Kind.TRACK, REPOST_KIND_PLAYLIST: Kind.PLAYLIST}


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = tracks_pb2_grpc.TracksServiceStub(channel.grpc)

    async def list_states(self, refs: Collection[Ref]) -> list[Track]:
        request = tracks_pb2.ListTrackStatesRequest(tracks=[common_pb2.Ref(**ref.fields) for ref in refs])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE)
        return [track_of(state) for state in answer.tracks]

    async def export_tracks(self, after: Track | None) -> AsyncIterator[Sequence[Track]]:
        """All tracks, tombstones too, in order of number, those after `after`."""
        request = tracks_pb2.ExportTracksRequest(after_id=str(after.id) if after else "")
        async for answer in stream(self._tracks.Export, request, caller=SERVICE):
            yield [track_of(state) for state in answer.tracks]


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
        """By minute, from the first up to `until` (exclusive): the plays received, and 0."""
        span = {"from": timestamp(since), "to": timestamp(until)}
        answer = await call(self._plays.CountMinutes, plays_pb2.CountPlayMinutesRequest(**span), caller=SERVICE)
        return {moment(m.minute): (m.count, 0) for m in answer.minutes}

    async def resend_plays(self, minutes: Sequence[datetime]) -> None:
        request = plays_pb2.ResendPlayMinutesRequest(minutes=[timestamp(minute) for minute in minutes])
        await call(self._plays.ResendMinutes, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def export_plays(
        self, after: plays_pb2.PlayRecorded | None
    ) -> AsyncIterator[Sequence[plays_pb2.PlayRecorded]]:
        """All plays in order of id, those after `after`."""
        request = plays_pb2.ExportPlaysRequest(after_id=after.id if after else "")
        async for answer in stream(self._plays.Export, request, caller=SERVICE):
            yield answer.plays


class States:
    """One kind of state at its owner. All kinds have the same three calls, with messages of their own."""

    def __init__(self, stub: Any, messages: Any, name: str, key: tuple[str, str]) -> None:
        self._stub, self._name, self._key = stub, name, key
        (service,) = messages.DESCRIPTOR.services_by_name.values()
        self._count, self._resend, self._export = (
            getattr(messages, service.methods_by_name[method].input_type.name)
            for method in ("CountChanges", "ResendChanges", "Export")
        )

    async def count(self, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
        """By minute, from the first to `until` (exclusive): how many states last changed, and the sum of versions."""
        request = self._count(**{"from": timestamp(since), "to": timestamp(until)})
        answer = await call(self._stub.CountChanges, request, caller=SERVICE)
        return {moment(m.minute): (m.count, m.version_sum) for m in answer.minutes}

    async def resend(self, minutes: Sequence[datetime]) -> None:
        request = self._resend(minutes=[timestamp(minute) for minute in minutes])
        await call(self._stub.ResendChanges, request, caller=SERVICE, timeout_seconds=RESEND_SECONDS)

    async def export(self, after: Any) -> AsyncIterator[Sequence[Any]]:
        """All states in order of their key, those after `after`."""
        request = self._export(**{f"after_{field}": getattr(after, field) for field in self._key} if after else {})
        async for answer in stream(self._stub.Export, request, caller=SERVICE):
            yield getattr(answer, self._name)


class Owners:
    """The owners of what a rebuild reads."""

    def __init__(self, catalog: Catalog, audience: Audience) -> None:
        self.export_tracks = catalog.export_tracks
        self.export_plays = audience.export_plays
        self.export_likes = audience.likes.export
        self.export_follows = audience.follows.export
        self.export_reposts = audience.reposts.export
        self.export_playlist_likes = audience.playlist_likes.export


def play_of(message: PlayRecorded, *, counts_unauthenticated: bool) -> Play:
    """Raises Invalid for a play that can never be counted."""
    listening = None
    if message.HasField("seconds"):
        if message.seconds < 0:
            raise Invalid("A play of negative length")
        listening = Listening.of(message.seconds, message.duration_ms)
    # Only players' reports can lack a token; an anonymous stream served by discovery is a play like any other.
    is_unproven = not message.is_authenticated and message.source == PLAY_SOURCE_AUDIENCE
    return Play(
        parse(message.id),
        parse(message.track_id, field="track_id"),
        parse(message.user_id, field="user_id") if message.user_id else None,
        moment(message.occurred_at),
        moment(message.received_at),
        listening,
        message.device[:DEVICE_CHARACTERS] or None,
        counts_unauthenticated or not is_unproven,
    )


def like_of(message: LikeState) -> Like:
    changed_at = moment(message.changed_at)
    return Like(
        parse(message.track_id, field="track_id"),
        parse(message.user_id, field="user_id"),
        message.is_liked,
        message.version,
        moment(message.liked_at) if message.HasField("liked_at") else changed_at,
        changed_at,
    )


def follow_of(message: FollowState) -> Follow:
    return Follow(
        parse(message.followee_id, field="followee_id"),
        parse(message.follower_id, field="follower_id"),
        message.is_following,
        message.version,
        moment(message.changed_at),
    )


def repost_of(message: RepostState) -> Repost:
    changed_at = moment(message.changed_at)
    kind = KINDS.get(message.kind)
    if kind is None:
        raise Invalid("A repost of an unknown kind")
    return Repost(
        kind,
        parse(message.subject_id, field="subject_id"),
        parse(message.account_id, field="account_id"),
        message.is_reposted,
        message.version,
        moment(message.reposted_at) if message.HasField("reposted_at") else changed_at,
        changed_at,
    )


def playlist_like_of(message: PlaylistLikeState) -> PlaylistLike:
    return PlaylistLike(
        parse(message.playlist_id, field="playlist_id"),
        parse(message.account_id, field="account_id"),
        message.is_liked,
        message.version,
        moment(message.changed_at),
    )


def track_of(message: TrackState) -> Track:
    # A tombstone may hold nothing but the track's id.
    owner_id = parse(message.owner_id, field="owner_id") if message.owner_id else UUID(int=0)
    return Track(
        parse(message.id),
        message.number,
        owner_id,
        message.is_public,
        message.is_removed,
        message.version,
        message.status == TRACK_STATUS_COMPLETED,
        message.genre if message.HasField("genre") else None,
        moment(message.published_at) if message.HasField("published_at") else None,
        message.title,
    )
