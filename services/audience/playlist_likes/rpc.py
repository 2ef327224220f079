"""Likes of playlists on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.audience.v1 import playlist_likes_pb2 as pb
from soundstage.audience.v1.playlist_likes_pb2_grpc import PlaylistLikesServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, allow_services, current
from services.audience.events import playlist_like_value
from services.audience.playlist_likes.domain import PlaylistLikes
from services.audience.wire import minute_changes, moment, moments, pair


class PlaylistLikesRpc(PlaylistLikesServiceServicer):
    def __init__(self, likes: PlaylistLikes) -> None:
        self._likes = likes

    @allow(Kind.USER)
    async def Like(self, request: pb.LikePlaylistRequest, context: Any) -> pb.LikePlaylistResponse:
        await self._likes.like(parse(request.playlist_id, field="playlist_id"), current())
        return pb.LikePlaylistResponse()

    @allow(Kind.USER)
    async def Unlike(self, request: pb.UnlikePlaylistRequest, context: Any) -> pb.UnlikePlaylistResponse:
        await self._likes.unlike(parse(request.playlist_id, field="playlist_id"), current())
        return pb.UnlikePlaylistResponse()

    @allow_services
    async def CountChanges(
        self, request: pb.CountPlaylistLikeChangesRequest, context: Any
    ) -> pb.CountPlaylistLikeChangesResponse:
        counts = await self._likes.changes.count(moment(getattr(request, "from")), moment(request.to))
        return pb.CountPlaylistLikeChangesResponse(minutes=minute_changes(counts))

    @allow_services
    async def ResendChanges(
        self, request: pb.ResendPlaylistLikeChangesRequest, context: Any
    ) -> pb.ResendPlaylistLikeChangesResponse:
        sent = await self._likes.changes.resend(moments(request.minutes))
        return pb.ResendPlaylistLikeChangesResponse(events=sent)

    @allow_services
    async def Export(
        self, request: pb.ExportPlaylistLikesRequest, context: Any
    ) -> AsyncIterator[pb.ExportPlaylistLikesResponse]:
        async for likes in self._likes.changes.export(pair(request.after_playlist_id, request.after_account_id)):
            yield pb.ExportPlaylistLikesResponse(likes=map(playlist_like_value, likes))
