from soundstage.insights.v1.apps_pb2 import GetAppRequest, ListTrailingAppsRequest, TrailingRange

from chassis.errors import FieldError
from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.contracts.discovery.schemas import not_a_choice
from gateway.parts import Parts
from gateway.web.faults import Malformed
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
RANGES = {
    "week": TrailingRange.TRAILING_RANGE_WEEK,
    "month": TrailingRange.TRAILING_RANGE_MONTH,
    "all_time": TrailingRange.TRAILING_RANGE_ALL_TIME,
}


@HANDLERS.on("getTrailingAppNameMetrics")
async def list_trailing(parts: Parts, request: Request) -> JSONResponse:
    name = request.path_params["time_range"]
    if name not in RANGES:
        raise Malformed(fields=[FieldError("time_range", not_a_choice("time_range", name))])
    answer = await ask(parts.services.apps.ListTrailing, ListTrailingAppsRequest(range=RANGES[name]))
    return JSONResponse({"data": [mapping.app_count(count) for count in answer.counts]})


@HANDLERS.on("getDeveloperApp")
@HANDLERS.on("getDeveloperAppByHyphenatedPath")
async def get_app(parts: Parts, request: Request) -> JSONResponse:
    address = request.path_params["address"]
    with hashid.not_found_as(address):
        answer = await ask(parts.services.apps.Get, GetAppRequest(address=address))
    return JSONResponse({"data": mapping.app(answer.app)})
