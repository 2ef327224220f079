"""What a user favorited and reposted: audience knows which and when, catalog which of it is public."""

import asyncio
from collections.abc import Sequence

from soundstage.audience.v1.likes_pb2 import LikedTrack, ListLikesOfRequest
from soundstage.audience.v1.reposts_pb2 import ListRepostsOfRequest, Repost, RepostKind
from soundstage.catalog.v1.tracks_pb2 import Track
from soundstage.common.v1.common_pb2 import Page

from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.contracts.discovery.schemas import PageQuery, query
from gateway.parts import Parts
from gateway.web.fields import JSON
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
MAX_FAVORITES = 500
TRACK, PLAYLIST = RepostKind.REPOST_KIND_TRACK, RepostKind.REPOST_KIND_PLAYLIST


@HANDLERS.on("getUserFavorites")
async def list_favorites(parts: Parts, request: Request) -> JSONResponse:
    user_id = request.path_params["user_id"]
    found = await _favorites(parts, user_id, Page(limit=MAX_FAVORITES))
    return JSONResponse({"data": [mapping.favorite(track, like.liked_at, user_id) for like, track in found]})


@HANDLERS.on("getUserFavoriteTracks")
async def list_favorite_tracks(parts: Parts, request: Request) -> JSONResponse:
    user_id, params = request.path_params["user_id"], query(request, PageQuery)
    found = await _favorites(parts, user_id, Page(offset=params.offset, limit=params.limit))
    origin = parts.origin(request)
    shown = [mapping.track_activity(mapping.track(t, parts.media, origin), like.liked_at) for like, t in found]
    return JSONResponse({"data": shown})


@HANDLERS.on("getUserReposts")
async def list_reposts(parts: Parts, request: Request) -> JSONResponse:
    user_id, params = request.path_params["user_id"], query(request, PageQuery)
    wanted = ListRepostsOfRequest(
        account=ref(hashid.decode(user_id)), page=Page(offset=params.offset, limit=params.limit)
    )
    with hashid.not_found_as(user_id):
        reposts = (await ask(parts.services.reposts.ListOf, wanted)).reposts
    return JSONResponse({"data": await _activities(parts, request, reposts)})


async def _favorites(parts: Parts, user_id: str, page: Page) -> list[tuple[LikedTrack, Track]]:
    account = ref(hashid.decode(user_id))
    with hashid.not_found_as(user_id):
        likes = (await ask(parts.services.likes.ListOf, ListLikesOfRequest(account=account, page=page))).tracks
    tracks = await parts.joins.tracks((like.track_id for like in likes), public_only=True)
    return [(like, track) for like in likes if (track := tracks[like.track_id])]


async def _activities(parts: Parts, request: Request, reposts: Sequence[Repost]) -> list[JSON]:
    origin = parts.origin(request)
    tracks, playlists = await asyncio.gather(
        parts.joins.tracks((r.subject_id for r in reposts if r.kind == TRACK), public_only=True),
        parts.joins.playlists(r.subject_id for r in reposts if r.kind == PLAYLIST),
    )
    shown = []
    for repost in reposts:
        if track := tracks.get(repost.subject_id):
            shown.append(mapping.track_activity(mapping.track(track, parts.media, origin), repost.reposted_at))
        elif playlist := playlists.get(repost.subject_id):
            item = mapping.playlist(playlist, parts.media, origin)
            shown.append(mapping.playlist_activity(item, repost.reposted_at))
    return shown
