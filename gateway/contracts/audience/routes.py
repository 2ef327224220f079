"""The audience contract's operations, by operationId."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from soundstage.audience.v1.plays_pb2 import PlayItem, PlaySource
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.insights.v1.listeners_pb2 import (
    CountListenersForArtistRequest,
    Listener,
    ListListenersForTrackRequest,
    ListTopListenersRequest,
)

from chassis.errors import NotFound
from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.audience import limits, mapping
from gateway.contracts.audience.schemas import ListenersQuery, MainUserQuery, NewStream, path_id
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("createAudience")
async def record_play(parts: Parts, request: Request) -> JSONResponse:
    if request.principal.is_anonymous:
        await parts.limits.spend_of_address([limits.reports_of_an_address(parts.settings)], request.address)
    key, body = idempotency_key(request), await json_body(request, NewStream)
    if request.principal.is_anonymous:
        listener = limits.reports_of_a_listener(parts.settings)
        await parts.limits.spend([listener], f"{body.user_id}:{body.track_id}")
    play = await parts.batched.record_play(
        PlayItem(
            track_id=body.track_id,
            user_id=body.user_id,
            source=PlaySource.PLAY_SOURCE_AUDIENCE,
            idempotency_key=key,
            fingerprint=sha256(f"{body.track_id}\n{body.user_id}".encode()).digest() if key else b"",
        )
    )
    return JSONResponse(mapping.success(mapping.stream(body.track_id, body.user_id, play)), 201)


@HANDLERS.on("getTrackAudience", limits=(limits.READS,))
async def list_listeners(parts: Parts, request: Request) -> JSONResponse:
    track_id, params = path_id(request, "track_id"), query(request, ListenersQuery)
    answer = await ask(
        parts.services.listeners.ListForTrack,
        ListListenersForTrackRequest(
            track=ref(track_id), page=page(params.page, params.limit), main_user_id=params.main_user_id or ""
        ),
    )
    people, follows = await _listener_details(parts, answer.listeners, params)
    data = mapping.track_audience(track_id, answer, people, follows)
    data["pagination"] = mapping.pagination(params.page, params.limit, answer.unique_listeners)
    if params.main_user_id:
        data["main_user"] = mapping.main_user(answer.main_user)
    return JSONResponse(mapping.success(data))


@HANDLERS.on("getTopAudience", limits=(limits.READS,))
async def list_top_listeners(parts: Parts, request: Request) -> JSONResponse:
    track_id, params = path_id(request, "track_id"), query(request, MainUserQuery)
    answer = await ask(
        parts.services.listeners.ListTop,
        ListTopListenersRequest(track=ref(track_id), main_user_id=params.main_user_id or ""),
    )
    people, follows = await _listener_details(parts, answer.listeners, params)
    data = mapping.top_audience(track_id, answer.listeners, people, follows)
    if params.main_user_id:
        data["main_user"] = mapping.main_user(answer.main_user)
    return JSONResponse(mapping.success(data))


@HANDLERS.on("getArtistAudience", limits=(limits.READS,))
async def count_for_artist(parts: Parts, request: Request) -> JSONResponse:
    artist_id = path_id(request, "artist_id")
    person, counted = await asyncio.gather(
        parts.batched.get_person(artist_id),
        ask(parts.services.listeners.CountForArtist, CountListenersForArtistRequest(artist_id=artist_id)),
    )
    if person is None:
        raise NotFound()
    return JSONResponse(mapping.success(mapping.artist_audience(artist_id, counted)))


async def _listener_details(
    parts: Parts, listeners: Sequence[Listener], params: MainUserQuery
) -> tuple[dict[str, Person | None], set[str]]:
    """The listeners' cards and, for a main user, which of them that user follows."""
    ids = [listener.user_id for listener in listeners]
    people, follows = await asyncio.gather(
        parts.joins.people(ids), parts.joins.follows_among(ids if params.main_user_id else ())
    )
    return people, follows
