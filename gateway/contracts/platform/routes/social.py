from soundstage.audience.v1.follows_pb2 import (
    FollowRequest,
    ListFolloweesRequest,
    ListFollowersRequest,
    UnfollowRequest,
)
from soundstage.audience.v1.playlist_likes_pb2 import (
    LikePlaylistRequest,
    UnlikePlaylistRequest,
)
from soundstage.audience.v1.reposts_pb2 import RepostKind, RepostRequest, UnrepostRequest

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform import mapping
from gateway.contracts.platform.schemas import Pages
from gateway.parts import Parts
from gateway.web.reading import path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
TRACK, PLAYLIST = RepostKind.REPOST_KIND_TRACK, RepostKind.REPOST_KIND_PLAYLIST


@HANDLERS.on("followUser")
async def follow(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.follows.Follow, FollowRequest(account_id=path_uuid(request)))
    return JSONResponse(mapping.message("User followed"))


@HANDLERS.on("unfollowUser")
async def unfollow(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.follows.Unfollow, UnfollowRequest(account_id=path_uuid(request)))
    return JSONResponse(mapping.message("User unfollowed"))


@HANDLERS.on("listFollowers")
async def list_followers(parts: Parts, request: Request) -> JSONResponse:
    account_id, asked = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.follows.ListFollowers,
        ListFollowersRequest(account=ref(account_id), page=page(asked.page, asked.limit)),
    )
    people = await parts.joins.people(follow.account_id for follow in answer.followers)
    followers = [mapping.follow(follow, people[follow.account_id]) for follow in answer.followers]
    pagination = mapping.pagination(asked.page, asked.limit, answer.total)
    return JSONResponse(mapping.success({"followers": followers, "pagination": pagination}))


@HANDLERS.on("listFollowing")
async def list_followees(parts: Parts, request: Request) -> JSONResponse:
    account_id, asked = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.follows.ListFollowees,
        ListFolloweesRequest(account=ref(account_id), page=page(asked.page, asked.limit)),
    )
    people = await parts.joins.people(follow.account_id for follow in answer.followees)
    followees = [mapping.follow(follow, people[follow.account_id]) for follow in answer.followees]
    pagination = mapping.pagination(asked.page, asked.limit, answer.total)
    return JSONResponse(mapping.success({"following": followees, "pagination": pagination}))


@HANDLERS.on("repostTrack")
async def repost_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Repost, RepostRequest(kind=TRACK, subject_id=path_uuid(request)))
    return JSONResponse(mapping.message("Track reposted"))


@HANDLERS.on("unrepostTrack")
async def unrepost_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Unrepost, UnrepostRequest(kind=TRACK, subject_id=path_uuid(request)))
    return JSONResponse(mapping.message("Track unreposted"))


@HANDLERS.on("repostPlaylist")
async def repost_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Repost, RepostRequest(kind=PLAYLIST, subject_id=path_uuid(request)))
    return JSONResponse(mapping.message("Playlist reposted"))


@HANDLERS.on("unrepostPlaylist")
async def unrepost_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.reposts.Unrepost, UnrepostRequest(kind=PLAYLIST, subject_id=path_uuid(request)))
    return JSONResponse(mapping.message("Playlist unreposted"))


@HANDLERS.on("likePlaylist")
async def like_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlist_likes.Like, LikePlaylistRequest(playlist_id=path_uuid(request)))
    return JSONResponse(mapping.message("Playlist liked"))


@HANDLERS.on("unlikePlaylist")
async def unlike_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlist_likes.Unlike, UnlikePlaylistRequest(playlist_id=path_uuid(request)))
    return JSONResponse(mapping.message("Playlist unliked"))
