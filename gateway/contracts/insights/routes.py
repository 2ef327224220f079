"""The insights contract's operations, by operationId."""

from soundstage.insights.v1.figures_pb2 import GetChartsRequest, GetFiguresRequest
from soundstage.insights.v1.realtime_pb2 import GetTrackRealtimeRequest

from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.insights import mapping
from gateway.contracts.insights.schemas import (
    PERIOD_DAYS,
    TIMEFRAME_DAYS,
    PeriodQuery,
    TimeframeQuery,
    path_number,
)
from gateway.parts import Parts
from gateway.web.reading import query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("getTrackAnalytics")
async def get_track_figures(parts: Parts, request: Request) -> JSONResponse:
    number, params = path_number(request, "trackId"), query(request, PeriodQuery)
    answer = await ask(
        parts.services.figures.GetFigures, GetFiguresRequest(track=ref(number), days=PERIOD_DAYS[params.period])
    )
    return JSONResponse(mapping.success(mapping.figures(answer)))


@HANDLERS.on("getTrackCharts")
async def get_track_charts(parts: Parts, request: Request) -> JSONResponse:
    number, params = path_number(request, "trackId"), query(request, TimeframeQuery)
    answer = await ask(
        parts.services.figures.GetCharts, GetChartsRequest(track=ref(number), days=TIMEFRAME_DAYS[params.timeframe])
    )
    return JSONResponse(mapping.success(mapping.charts(params.timeframe, answer)))


@HANDLERS.on("getTrackRealtime")
async def get_track_realtime(parts: Parts, request: Request) -> JSONResponse:
    number = path_number(request, "trackId")
    answer = await ask(parts.services.realtime.GetTrackRealtime, GetTrackRealtimeRequest(track=ref(number)))
    return JSONResponse(mapping.success(mapping.realtime(answer)), headers={"cache-control": "no-store"})
