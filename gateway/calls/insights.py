from soundstage.insights.v1 import apps_pb2 as apps
from soundstage.insights.v1 import figures_pb2 as figures
from soundstage.insights.v1 import listeners_pb2 as listeners
from soundstage.insights.v1 import realtime_pb2 as realtime
from soundstage.insights.v1 import trending_pb2 as trending
from soundstage.insights.v1.apps_pb2_grpc import AppsServiceStub
from soundstage.insights.v1.figures_pb2_grpc import FiguresServiceStub
from soundstage.insights.v1.listeners_pb2_grpc import ListenersServiceStub
from soundstage.insights.v1.realtime_pb2_grpc import RealtimeServiceStub
from soundstage.insights.v1.trending_pb2_grpc import TrendingServiceStub

from chassis.client import Channel
from chassis.principal import SERVICE
from gateway.calls.wire import ask


class Insights:
    def __init__(self, address: str) -> None:
        files = (figures.DESCRIPTOR, listeners.DESCRIPTOR, realtime.DESCRIPTOR, trending.DESCRIPTOR, apps.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._figures = FiguresServiceStub(channel.grpc)
        self._listeners = ListenersServiceStub(channel.grpc)
        self._realtime = RealtimeServiceStub(channel.grpc)
        self._trending = TrendingServiceStub(channel.grpc)
        self._apps = AppsServiceStub(channel.grpc)

    async def get_track_stats(self, request: figures.GetStatsRequest) -> figures.GetStatsResponse:
        return await ask(self._figures.GetStats, request)

    async def get_track_figures(self, request: figures.GetFiguresRequest) -> figures.GetFiguresResponse:
        return await ask(self._figures.GetFigures, request)

    async def get_track_charts(self, request: figures.GetChartsRequest) -> figures.GetChartsResponse:
        return await ask(self._figures.GetCharts, request)

    async def get_track_realtime(self, request: realtime.GetTrackRealtimeRequest) -> realtime.GetTrackRealtimeResponse:
        return await ask(self._realtime.GetTrackRealtime, request)

    async def list_listeners_for_track(
        self, request: listeners.ListListenersForTrackRequest
    ) -> listeners.ListListenersForTrackResponse:
        return await ask(self._listeners.ListForTrack, request)

    async def list_top_listeners(
        self, request: listeners.ListTopListenersRequest
    ) -> listeners.ListTopListenersResponse:
        return await ask(self._listeners.ListTop, request)

    async def count_for_tracks(
        self, request: listeners.CountListenersForTracksRequest
    ) -> listeners.CountListenersForTracksResponse:
        return await ask(self._listeners.CountForTracks, request)

    async def list_trending_tracks(
        self, request: trending.ListTrendingTracksRequest
    ) -> trending.ListTrendingTracksResponse:
        return await ask(self._trending.ListTracks, request)

    async def get_trending_state(self, request: trending.GetTrendingStateRequest) -> trending.GetTrendingStateResponse:
        return await ask(self._trending.GetState, request)

    async def record_apps(self, request: apps.RecordAppsRequest) -> apps.RecordAppsResponse:
        """Of many requests; the caller is the gateway itself."""
        return await ask(self._apps.Record, request, caller=SERVICE)

    async def list_trailing_apps(self, request: apps.ListTrailingAppsRequest) -> apps.ListTrailingAppsResponse:
        return await ask(self._apps.ListTrailing, request)

    async def get_app(self, request: apps.GetAppRequest) -> apps.GetAppResponse:
        return await ask(self._apps.Get, request)
