from soundstage.audience.v1.follows_pb2 import (
    FollowRequest,
    ListFolloweesRequest,
    ListFollowersRequest,
    UnfollowRequest,
)
from soundstage.audience.v1.likes_pb2 import LikeTrackRequest, ListLikesForTrackRequest, UnlikeTrackRequest
from soundstage.audience.v1.playlist_likes_pb2 import LikePlaylistRequest, UnlikePlaylistRequest
from soundstage.audience.v1.reposts_pb2 import RepostKind, RepostRequest, UnrepostRequest

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import message, pagination, success
from gateway.contracts.platform.fields import Pages
from gateway.contracts.platform.social import mapping
from gateway.parts import Parts
from gateway.web.reading import path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
TRACK, PLAYLIST = RepostKind.REPOST_KIND_TRACK, RepostKind.REPOST_KIND_PLAYLIST


@HANDLERS.on("followUser")
async def follow(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.follows.Follow, FollowRequest(account_id=path_uuid(request)))
    return message("User followed")


@HANDLERS.on("unfollowUser")
async def unfollow(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.follows.Unfollow, UnfollowRequest(account_id=path_uuid(request)))
    return message("User unfollowed")


@HANDLERS.on("listFollowers")
async def list_followers(parts: Parts, request: Request) -> JSONResponse:
    account_id, params = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.follows.ListFollowers,
        ListFollowersRequest(account=ref(account_id), page=page(params.page, params.limit)),
    )
    people = await parts.joins.people(follow.account_id for follow in answer.followers)
    followers = [mapping.follow(follow, people[follow.account_id]) for follow in answer.followers]
    return success({"followers": followers, "pagination": pagination(params, answer.total)})


@HANDLERS.on("listFollowing")
async def list_followees(parts: Parts, request: Request) -> JSONResponse:
    account_id, params = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.follows.ListFollowees,
        ListFolloweesRequest(account=ref(account_id), page=page(params.page, params.limit)),
    )
    people = await parts.joins.people(follow.account_id for follow in answer.followees)
    followees = [mapping.follow(follow, people[follow.account_id]) for follow in answer.followees]
    return success({"following": followees, "pagination": pagination(params, answer.total)})


@HANDLERS.on("likeTrack")
async def like(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.likes.Like, LikeTrackRequest(track_id=path_uuid(request)))
    return message("Track liked")


@HANDLERS.on("unlikeTrack")
async def unlike(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.likes.Unlike, UnlikeTrackRequest(track_id=path_uuid(request)))
    return message("Track unliked")


@HANDLERS.on("listTrackLikes")
async def list_likes(parts: Parts, request: Request) -> JSONResponse:
    track_id, params = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.likes.ListForTrack,
        ListLikesForTrackRequest(track_id=track_id, page=page(params.page, params.limit)),
    )
    people = await parts.joins.people(like.user_id for like in answer.likes)
    likes = [mapping.like(like, people[like.user_id]) for like in answer.likes]
    return success({"likes": likes, "total": answer.total, "pagination": pagination(params, answer.total)})


@HANDLERS.on("likePlaylist")
async def like_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlist_likes.Like, LikePlaylistRequest(playlist_id=path_uuid(request)))
    return message("Playlist liked")


@HANDLERS.on("unlikePlaylist")
async def unlike_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlist_likes.Unlike, UnlikePlaylistRequest(playlist_id=path_uuid(request)))
    return message("Playlist unliked")


@HANDLERS.on("repostTrack")
async def repost_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Repost, RepostRequest(kind=TRACK, subject_id=path_uuid(request)))
    return message("Track reposted")


@HANDLERS.on("unrepostTrack")
async def unrepost_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Unrepost, UnrepostRequest(kind=TRACK, subject_id=path_uuid(request)))
    return message("Track unreposted")


@HANDLERS.on("repostPlaylist")
async def repost_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Repost, RepostRequest(kind=PLAYLIST, subject_id=path_uuid(request)))
    return message("Playlist reposted")


@HANDLERS.on("unrepostPlaylist")
async def unrepost_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Unrepost, UnrepostRequest(kind=PLAYLIST, subject_id=path_uuid(request)))
    return message("Playlist unreposted")
