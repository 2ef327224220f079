import asyncio
from collections.abc import Awaitable
from typing import Any

from soundstage.audience.v1.likes_pb2 import ListForTrackRequest
from soundstage.catalog.v1.tracks_pb2 import ListRequest
from soundstage.common.v1.common_pb2 import Page

from chassis import errors
from chassis.ids import new_id
from gateway.contract import Handlers
from gateway.contracts.discovery import mapping
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
HEALTH_SECONDS = 3.0


@HANDLERS.on("listHosts")
async def list_hosts(parts: Parts, request: Request) -> JSONResponse:
    return JSONResponse({"data": [parts.origin(request)]})


@HANDLERS.on("getHealth", budget_seconds=HEALTH_SECONDS)
async def get_health(parts: Parts, _: Request) -> JSONResponse:
    """Asks each service that an operation here needs something that reaches its database."""
    track_of_nobody = ListForTrackRequest(track_id=str(new_id()), page=Page(limit=1))
    checks: dict[str, Awaitable[Any]] = {
        "catalog": parts.calls.catalog.list_tracks(ListRequest(page=Page(limit=1), public_only=True)),
        "audience": parts.calls.audience.list_likes_for_track(track_of_nobody),
    }
    answers = await asyncio.gather(*map(_is_there, checks.values()))
    away = [name for name, is_there in zip(checks, answers, strict=True) if not is_there]
    return JSONResponse(mapping.health(away), 500 if away else 200)


async def _is_there(call: Awaitable[Any]) -> bool:
    try:
        await call
    except (errors.Unavailable, errors.Internal):
        return False
    except errors.Error:
        return True
    return True
