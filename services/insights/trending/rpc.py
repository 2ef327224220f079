"""TrendingService on the wire."""

from typing import Any

from soundstage.insights.v1 import trending_pb2 as pb
from soundstage.insights.v1.trending_pb2_grpc import TrendingServiceServicer

from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.pages import Page
from chassis.principal import allow_anyone
from services.insights.trending.domain import Trending
from services.insights.trending.formula import Window

# A public page, and some more for callers that drop what may no longer be seen.
MAX_TRACKS = 200
WINDOWS = {
    pb.TRENDING_WINDOW_WEEK: Window.WEEK,
    pb.TRENDING_WINDOW_MONTH: Window.MONTH,
    pb.TRENDING_WINDOW_YEAR: Window.YEAR,
    pb.TRENDING_WINDOW_ALL_TIME: Window.ALL_TIME,
}


class TrendingRpc(TrendingServiceServicer):
    def __init__(self, trending: Trending) -> None:
        self._trending = trending

    @allow_anyone
    async def ListTracks(self, request: pb.ListTrendingTracksRequest, context: Any) -> pb.ListTrendingTracksResponse:
        window = WINDOWS.get(request.window)
        if window is None:
            raise Invalid(fields=[FieldError("window", "is required")])
        genre = request.genre if request.HasField("genre") else None
        page = Page.of(request.page.offset, request.page.limit, most=MAX_TRACKS)
        tracks = await self._trending.list_tracks(window, genre, page)
        return pb.ListTrendingTracksResponse(track_ids=map(str, tracks))

    @allow_anyone
    async def GetState(self, request: pb.GetTrendingStateRequest, context: Any) -> pb.GetTrendingStateResponse:
        return pb.GetTrendingStateResponse(ranked_at=timestamp(await self._trending.get_ranked_at()))
