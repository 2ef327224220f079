from soundstage.catalog.v1.people_pb2 import GetPersonByHandleRequest, ListTopPeopleRequest, Person
from soundstage.catalog.v1.tracks_pb2 import ListTracksRequest, ListTrackTagsRequest, TrackSort
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis.errors import NotFound
from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.contracts.discovery.schemas import PageQuery, TagsQuery, TracksQuery, query
from gateway.parts import Parts
from gateway.web.fields import JSON
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
SORTS = {"date": TrackSort.TRACK_SORT_CREATED_AT, "plays": TrackSort.TRACK_SORT_POPULARITY}


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> JSONResponse:
    user_id = request.path_params["user_id"]
    number = hashid.decode(user_id)
    with hashid.not_found_as(user_id):
        return JSONResponse({"data": mapping.user(await _person(parts, number))})


@HANDLERS.on("getUserByHandle")
async def get_user_by_handle(parts: Parts, request: Request) -> JSONResponse:
    return JSONResponse({"data": mapping.user(await _by_handle(parts, request))})


@HANDLERS.on("getFullUserByHandle")
async def get_full_user_by_handle(parts: Parts, request: Request) -> JSONResponse:
    return JSONResponse({"data": [mapping.user(await _by_handle(parts, request))]})


@HANDLERS.on("getTopUsers")
async def list_top_users(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, PageQuery)
    answer = await ask(
        parts.services.people.ListTop, ListTopPeopleRequest(page=Page(offset=params.offset, limit=params.limit))
    )
    return JSONResponse({"data": [mapping.user(person) for person in answer.people]})


@HANDLERS.on("getUserTags")
async def list_tags(parts: Parts, request: Request) -> JSONResponse:
    user_id, params = request.path_params["user_id"], query(request, TagsQuery)
    owner = ref(hashid.decode(user_id))
    with hashid.not_found_as(user_id):
        answer = await ask(parts.services.tracks.ListTags, ListTrackTagsRequest(owner=owner, limit=params.limit))
    return JSONResponse({"data": list(answer.tags)})


@HANDLERS.on("getUserTracks")
async def list_tracks(parts: Parts, request: Request) -> JSONResponse:
    user_id, params = request.path_params["user_id"], query(request, TracksQuery)
    number = hashid.decode(user_id)
    answer = await _tracks(parts, request, ref(number), params)
    if answer is None:
        with hashid.not_found_as(user_id):
            await _person(parts, number)
    return JSONResponse({"data": answer or []})


@HANDLERS.on("getFullUserTracksByHandle")
async def list_tracks_by_handle(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, TracksQuery)
    person = await _by_handle(parts, request)
    return JSONResponse({"data": await _tracks(parts, request, ref(person.id), params) or []})


async def _person(parts: Parts, number: int) -> Person:
    person = await parts.batched.get_person(number)
    if person is None:
        raise NotFound()
    return person


async def _by_handle(parts: Parts, request: Request) -> Person:
    handle = request.path_params["handle"]
    with hashid.not_found_as(handle):
        return (await ask(parts.services.people.GetByHandle, GetPersonByHandleRequest(handle=handle))).person


async def _tracks(parts: Parts, request: Request, owner: Ref, params: TracksQuery) -> list[JSON] | None:
    """A page of the owner's public tracks; None when there are none at all, as for an unknown owner."""
    page = Page(offset=params.offset, limit=params.limit)
    wanted = ListTracksRequest(page=page, owner=owner, sort=SORTS[params.sort], public_only=True)
    answer = await ask(parts.services.tracks.List, wanted)
    return mapping.tracks(answer.tracks, parts.media, parts.origin(request)) if answer.total else None
