"""Likes on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.audience.v1 import likes_pb2 as pb
from soundstage.audience.v1.likes_pb2_grpc import LikesServiceServicer

from chassis.clock import timestamp
from chassis.ids import parse
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, allow_services, current
from services.audience.events import like_value
from services.audience.likes.domain import Likes
from services.audience.wire import account_name, minute_changes, moment, moments, pair


class LikesRpc(LikesServiceServicer):
    def __init__(self, likes: Likes) -> None:
        self._likes = likes

    @allow(Kind.USER)
    async def Like(self, request: pb.LikeTrackRequest, context: Any) -> pb.LikeTrackResponse:
        await self._likes.like(parse(request.track_id, field="track_id"), current())
        return pb.LikeTrackResponse()

    @allow(Kind.USER)
    async def Unlike(self, request: pb.UnlikeTrackRequest, context: Any) -> pb.UnlikeTrackResponse:
        await self._likes.unlike(parse(request.track_id, field="track_id"), current())
        return pb.UnlikeTrackResponse()

    @allow_anyone
    async def ListForTrack(self, request: pb.ListLikesForTrackRequest, context: Any) -> pb.ListLikesForTrackResponse:
        page = Page.of(request.page.offset, request.page.limit)
        track_id = parse(request.track_id, field="track_id")
        likes, total = await self._likes.list_for_track(track_id, page, current())
        answers = [pb.Like(user_id=str(like.user_id), liked_at=timestamp(like.liked_at)) for like in likes]
        return pb.ListLikesForTrackResponse(likes=answers, total=total)

    @allow_anyone
    async def ListOf(self, request: pb.ListLikesOfRequest, context: Any) -> pb.ListLikesOfResponse:
        page = Page.of(request.page.offset, request.page.limit)
        likes, total = await self._likes.list_of(account_name(request.account), page, current())
        tracks = [pb.LikedTrack(track_id=str(like.track_id), liked_at=timestamp(like.liked_at)) for like in likes]
        return pb.ListLikesOfResponse(tracks=tracks, total=total)

    @allow_services
    async def CountChanges(self, request: pb.CountLikeChangesRequest, context: Any) -> pb.CountLikeChangesResponse:
        counts = await self._likes.changes.count(moment(getattr(request, "from")), moment(request.to))
        return pb.CountLikeChangesResponse(minutes=minute_changes(counts))

    @allow_services
    async def ResendChanges(self, request: pb.ResendLikeChangesRequest, context: Any) -> pb.ResendLikeChangesResponse:
        return pb.ResendLikeChangesResponse(events=await self._likes.changes.resend(moments(request.minutes)))

    @allow_services
    async def Export(self, request: pb.ExportLikesRequest, context: Any) -> AsyncIterator[pb.ExportLikesResponse]:
        async for likes in self._likes.changes.export(pair(request.after_track_id, request.after_user_id)):
            yield pb.ExportLikesResponse(likes=map(like_value, likes))
