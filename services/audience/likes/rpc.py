"""Likes on the wire."""

from typing import Any

from soundstage.audience.v1 import likes_pb2 as pb
from soundstage.audience.v1.likes_pb2_grpc import LikesServiceServicer

from chassis.clock import timestamp
from chassis.ids import Ref, parse
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, current
from services.audience.events import like_value
from services.audience.likes.domain import Likes
from services.audience.likes.like import Like
from services.audience.wire import Answers, ChangesRpc

ANSWERS = Answers[Like](
    pb.CountLikeChangesResponse,
    pb.ResendLikeChangesResponse,
    lambda likes: pb.ExportLikesResponse(likes=map(like_value, likes)),
)


class LikesRpc(ChangesRpc[Like], LikesServiceServicer):
    def __init__(self, likes: Likes) -> None:
        super().__init__(likes.changes, ANSWERS)
        self._likes = likes

    @allow(Kind.USER)
    async def Like(self, request: pb.LikeTrackRequest, context: Any) -> pb.LikeTrackResponse:
        await self._likes.like(current(), parse(request.track_id, field="track_id"))
        return pb.LikeTrackResponse()

    @allow(Kind.USER)
    async def Unlike(self, request: pb.UnlikeTrackRequest, context: Any) -> pb.UnlikeTrackResponse:
        await self._likes.unlike(current(), parse(request.track_id, field="track_id"))
        return pb.UnlikeTrackResponse()

    @allow_anyone
    async def ListForTrack(self, request: pb.ListLikesForTrackRequest, context: Any) -> pb.ListLikesForTrackResponse:
        page = Page.of(request.page.offset, request.page.limit)
        track_id = parse(request.track_id, field="track_id")
        likes, total = await self._likes.list_for_track(current(), track_id, page)
        answers = [pb.Like(user_id=str(like.user_id), liked_at=timestamp(like.liked_at)) for like in likes]
        return pb.ListLikesForTrackResponse(likes=answers, total=total)

    @allow_anyone
    async def ListOf(self, request: pb.ListLikesOfRequest, context: Any) -> pb.ListLikesOfResponse:
        page = Page.of(request.page.offset, request.page.limit)
        likes, total = await self._likes.list_of(current(), Ref.of(request.account, field="account"), page)
        tracks = [pb.LikedTrack(track_id=str(like.track_id), liked_at=timestamp(like.liked_at)) for like in likes]
        return pb.ListLikesOfResponse(tracks=tracks, total=total)
