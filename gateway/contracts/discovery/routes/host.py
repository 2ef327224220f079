import asyncio
from collections.abc import Awaitable
from typing import Any

from soundstage.audience.v1.likes_pb2 import ListLikesForTrackRequest
from soundstage.catalog.v1.tracks_pb2 import ListTracksRequest
from soundstage.common.v1.common_pb2 import Page
from soundstage.insights.v1.trending_pb2 import GetTrendingStateRequest, GetTrendingStateResponse

from chassis import clock, errors
from chassis.ids import new_id
from gateway.calls.wire import ask
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
    """Asks each service that this contract needs for something from its database."""
    unknown_track = ListLikesForTrackRequest(track_id=str(new_id()), page=Page(limit=1))
    checks: dict[str, Awaitable[Any]] = {
        "catalog": ask(parts.services.tracks.List, ListTracksRequest(page=Page(limit=1), public_only=True)),
        "audience": ask(parts.services.likes.ListForTrack, unknown_track),
        "insights": ask(parts.services.trending.GetState, GetTrendingStateRequest()),
    }
    answers = dict(zip(checks, await asyncio.gather(*checks.values(), return_exceptions=True), strict=True))
    down = [name for name, answer in answers.items() if _is_down(answer)]
    return JSONResponse(mapping.health(down, _age_seconds(answers["insights"])), 500 if down else 200)


def _is_down(answer: Any) -> bool:
    """A service that refuses a request is up."""
    is_refusal = isinstance(answer, errors.Error) and not isinstance(answer, errors.Unavailable | errors.Internal)
    return isinstance(answer, BaseException) and not is_refusal


def _age_seconds(state: Any) -> int | None:
    """Since scores were last updated; None before the first time, and when insights did not answer."""
    if not isinstance(state, GetTrendingStateResponse) or not state.HasField("ranked_at"):
        return None
    return max(0, int(clock.utc_now().timestamp()) - state.ranked_at.seconds)
