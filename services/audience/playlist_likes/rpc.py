"""Likes of playlists on the wire."""

from typing import Any

from soundstage.audience.v1 import playlist_likes_pb2 as pb
from soundstage.audience.v1.playlist_likes_pb2_grpc import PlaylistLikesServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, current
from services.audience.events import playlist_like_value
from services.audience.playlist_likes.domain import PlaylistLikes
from services.audience.playlist_likes.playlist_like import PlaylistLike
from services.audience.wire import Answers, ChangesRpc

ANSWERS = Answers[PlaylistLike](
    pb.CountPlaylistLikeChangesResponse,
    pb.ResendPlaylistLikeChangesResponse,
    lambda likes: pb.ExportPlaylistLikesResponse(likes=map(playlist_like_value, likes)),
)


class PlaylistLikesRpc(ChangesRpc[PlaylistLike], PlaylistLikesServiceServicer):
    def __init__(self, likes: PlaylistLikes) -> None:
        super().__init__(likes.changes, ANSWERS)
        self._likes = likes

    @allow(Kind.USER)
    async def Like(self, request: pb.LikePlaylistRequest, context: Any) -> pb.LikePlaylistResponse:
        await self._likes.like(current(), parse(request.playlist_id, field="playlist_id"))
        return pb.LikePlaylistResponse()

    @allow(Kind.USER)
    async def Unlike(self, request: pb.UnlikePlaylistRequest, context: Any) -> pb.UnlikePlaylistResponse:
        await self._likes.unlike(current(), parse(request.playlist_id, field="playlist_id"))
        return pb.UnlikePlaylistResponse()
