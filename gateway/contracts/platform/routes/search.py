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
from gateway.contracts.platform import mapping
from gateway.contracts.platform.routes.tracks import SORTS
from gateway.contracts.platform.schemas import SearchQuery, TrackSearchQuery
from gateway.parts import Parts
from gateway.web.reading import query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("searchTracks")
async def search_tracks(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, TrackSearchQuery)
    answer = await ask(
        parts.services.search.SearchTracks,
        SearchTracksRequest(
            query=asked.q,
            page=page(asked.page, asked.limit),
            genre=asked.genre,
            format=asked.format,
            min_duration_seconds=asked.min_duration,
            max_duration_seconds=asked.max_duration,
            created_from=timestamp(asked.start_date),
            created_to=timestamp(asked.end_date),
            sort=SORTS[asked.sort_by] if asked.sort_by else TrackSort.TRACK_SORT_UNSPECIFIED,
            ascending=asked.sort_order == "asc",
        ),
    )
    origin = parts.origin(request)
    tracks = [mapping.track_hit(track, parts.media, origin) for track in answer.tracks]
    # The one answer that is not wrapped.
    return JSONResponse({"tracks": tracks, "pagination": mapping.pagination(asked.page, asked.limit, answer.total)})


@HANDLERS.on("search")
async def search(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, SearchQuery)
    tracks, playlists, people = await asyncio.gather(
        _tracks(parts, asked), _playlists(parts, asked), _people(parts, asked)
    )
    origin = parts.origin(request)
    found = {
        "tracks": [mapping.track_hit(track, parts.media, origin) for track in tracks.tracks],
        "playlists": [mapping.playlist_hit(playlist) for playlist in playlists.playlists],
        "users": [mapping.user_hit(person) for person in people.people],
        "total": tracks.total + playlists.total + people.total,
    }
    return JSONResponse(mapping.success(found))


async def _tracks(parts: Parts, asked: SearchQuery) -> SearchTracksResponse:
    if asked.type not in (None, "tracks"):
        return SearchTracksResponse()
    wanted = SearchTracksRequest(query=asked.q, page=page(asked.page, asked.limit))
    return await ask(parts.services.search.SearchTracks, wanted)


async def _playlists(parts: Parts, asked: SearchQuery) -> SearchPlaylistsResponse:
    if asked.type not in (None, "playlists"):
        return SearchPlaylistsResponse()
    wanted = SearchPlaylistsRequest(query=asked.q, page=page(asked.page, asked.limit), without_albums=True)
    return await ask(parts.services.search.SearchPlaylists, wanted)


async def _people(parts: Parts, asked: SearchQuery) -> SearchPeopleResponse:
    if asked.type not in (None, "users"):
        return SearchPeopleResponse()
    wanted = SearchPeopleRequest(query=asked.q, page=page(asked.page, asked.limit))
    return await ask(parts.services.search.SearchPeople, wanted)
