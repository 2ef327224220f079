from soundstage.catalog.v1.tracks_pb2 import ListTracksRequest
from soundstage.common.v1.common_pb2 import Page

from chassis import clock, errors
from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("getHeartbeat")
async def get_heartbeat(_parts: Parts, _request: Request) -> JSONResponse:
    return JSONResponse({"time": clock.utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")})


@HANDLERS.on("getAggregatorStatus", budget_seconds=3.0)
async def get_aggregator_status(parts: Parts, _: Request) -> JSONResponse:
    try:
        await ask(parts.services.tracks.List, ListTracksRequest(page=Page(limit=1), public_only=True))
    except errors.Error:
        return JSONResponse({"status": "down", "message": "The catalogue does not answer."}, 503, {"retry-after": "1"})
    return JSONResponse({"status": "up"})
