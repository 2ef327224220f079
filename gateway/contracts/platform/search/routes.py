import asyncio

from soundstage.catalog.v1.search_pb2 import (
    SearchPeopleRequest,
    SearchPeopleResponse,
    SearchPlaylistsRequest,
    SearchPlaylistsResponse,
    SearchTracksRequest,
    SearchTracksResponse,
)
from soundstage.catalog.v1.tracks_pb2 import TrackSort

from chassis.clock import timestamp
from gateway.calls.wire import ask, page
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import pagination, success
from gateway.contracts.platform.playlists.mapping import playlist_hit
from gateway.contracts.platform.search import mapping
from gateway.contracts.platform.search.schemas import PlaylistSearchQuery, SearchQuery, TrackSearchQuery
from gateway.contracts.platform.tracks.mapping import SORTS
from gateway.parts import Parts
from gateway.web.reading import query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("searchTracks")
async def search_tracks(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, TrackSearchQuery)
    answer = await ask(
        parts.services.search.SearchTracks,
        SearchTracksRequest(
            query=params.q,
            page=page(params.page, params.limit),
            genre=params.genre,
            format=params.format,
            min_duration_seconds=params.min_duration,
            max_duration_seconds=params.max_duration,
            created_from=timestamp(params.start_date),
            created_to=timestamp(params.end_date),
            sort=SORTS[params.sort_by] if params.sort_by else TrackSort.TRACK_SORT_UNSPECIFIED,
            ascending=params.sort_order == "asc",
        ),
    )
    origin = parts.origin(request)
    tracks = [mapping.track_hit(track, parts.media, origin) for track in answer.tracks]
    # The one answer that is not wrapped.
    return JSONResponse({"tracks": tracks, "pagination": pagination(params, answer.total)})


@HANDLERS.on("searchPlaylists")
async def search_playlists(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, PlaylistSearchQuery)
    answer = await ask(
        parts.services.search.SearchPlaylists,
        SearchPlaylistsRequest(
            query=params.q,
            page=page(params.page, params.limit),
            owner_id=params.user_id or "",
            is_public=params.is_public,
            without_albums=True,
        ),
    )
    hits = [playlist_hit(playlist) for playlist in answer.playlists]
    return success({"playlists": hits, "total": answer.total, "page": params.page, "limit": params.limit})


@HANDLERS.on("search")
async def search(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, SearchQuery)
    tracks, playlists, people = await asyncio.gather(
        _tracks(parts, params), _playlists(parts, params), _people(parts, params)
    )
    origin = parts.origin(request)
    found = {
        "tracks": [mapping.track_hit(track, parts.media, origin) for track in tracks.tracks],
        "playlists": [playlist_hit(playlist) for playlist in playlists.playlists],
        "users": [mapping.user_hit(person) for person in people.people],
        "total": tracks.total + playlists.total + people.total,
    }
    return success(found)


async def _tracks(parts: Parts, params: SearchQuery) -> SearchTracksResponse:
    if params.type not in (None, "tracks"):
        return SearchTracksResponse()
    wanted = SearchTracksRequest(query=params.q, page=page(params.page, params.limit))
    return await ask(parts.services.search.SearchTracks, wanted)


async def _playlists(parts: Parts, params: SearchQuery) -> SearchPlaylistsResponse:
    if params.type not in (None, "playlists"):
        return SearchPlaylistsResponse()
    wanted = SearchPlaylistsRequest(query=params.q, page=page(params.page, params.limit), without_albums=True)
    return await ask(parts.services.search.SearchPlaylists, wanted)


async def _people(parts: Parts, params: SearchQuery) -> SearchPeopleResponse:
    if params.type not in (None, "users"):
        return SearchPeopleResponse()
    wanted = SearchPeopleRequest(query=params.q, page=page(params.page, params.limit))
    return await ask(parts.services.search.SearchPeople, wanted)
