from soundstage.catalog.v1.search_pb2 import SearchPeopleRequest, SearchPlaylistsRequest, SearchTracksRequest
from soundstage.common.v1.common_pb2 import Page

from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.discovery import mapping
from gateway.contracts.discovery.schemas import search_query
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
PAGE = Page(limit=10)


@HANDLERS.on("searchUsers")
async def search_users(parts: Parts, request: Request) -> JSONResponse:
    params = search_query(request)
    answer = await ask(
        parts.services.search.SearchPeople,
        SearchPeopleRequest(query=params.query, page=PAGE, only_downloadable=params.only_downloadable),
    )
    return JSONResponse({"data": [mapping.user(person) for person in answer.people]})


@HANDLERS.on("searchTracks")
async def search_tracks(parts: Parts, request: Request) -> JSONResponse:
    params = search_query(request)
    answer = await ask(
        parts.services.search.SearchTracks,
        SearchTracksRequest(query=params.query, page=PAGE, only_downloadable=params.only_downloadable),
    )
    return JSONResponse({"data": mapping.tracks(answer.tracks, parts.media, parts.origin(request))})


@HANDLERS.on("searchPlaylists")
async def search_playlists(parts: Parts, request: Request) -> JSONResponse:
    params = search_query(request)
    answer = await ask(
        parts.services.search.SearchPlaylists,
        SearchPlaylistsRequest(
            query=params.query, page=PAGE, public_only=True, only_downloadable=params.only_downloadable
        ),
    )
    origin = parts.origin(request)
    return JSONResponse({"data": [mapping.playlist(found, parts.media, origin) for found in answer.playlists]})
