from soundstage.insights.v1 import apps_pb2 as apps
from soundstage.insights.v1 import listeners_pb2 as listeners
from soundstage.insights.v1 import metrics_pb2 as metrics
from soundstage.insights.v1 import realtime_pb2 as realtime
from soundstage.insights.v1 import trending_pb2 as trending
from soundstage.insights.v1.apps_pb2_grpc import AppsServiceStub
from soundstage.insights.v1.listeners_pb2_grpc import ListenersServiceStub
from soundstage.insights.v1.metrics_pb2_grpc import MetricsServiceStub
from soundstage.insights.v1.realtime_pb2_grpc import RealtimeServiceStub
from soundstage.insights.v1.trending_pb2_grpc import TrendingServiceStub

from chassis.client import Channel
from chassis.principal import SERVICE
from gateway.calls.wire import ask


class Insights:
    def __init__(self, address: str) -> None:
        files = (metrics.DESCRIPTOR, listeners.DESCRIPTOR, realtime.DESCRIPTOR, trending.DESCRIPTOR, apps.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._metrics = MetricsServiceStub(channel.grpc)
        self._listeners = ListenersServiceStub(channel.grpc)
        self._realtime = RealtimeServiceStub(channel.grpc)
        self._trending = TrendingServiceStub(channel.grpc)
        self._apps = AppsServiceStub(channel.grpc)

    async def get_track_stats(self, request: metrics.GetTrackStatsRequest) -> metrics.GetTrackStatsResponse:
        return await ask(self._metrics.GetTrackStats, request)

    async def get_track_figures(self, request: metrics.GetTrackFiguresRequest) -> metrics.GetTrackFiguresResponse:
        return await ask(self._metrics.GetTrackFigures, request)

    async def get_track_charts(self, request: metrics.GetTrackChartsRequest) -> metrics.GetTrackChartsResponse:
        return await ask(self._metrics.GetTrackCharts, request)

    async def get_track_realtime(self, request: realtime.GetTrackRealtimeRequest) -> realtime.GetTrackRealtimeResponse:
        return await ask(self._realtime.GetTrackRealtime, request)

    async def list_listeners_for_track(self, request: listeners.ListForTrackRequest) -> listeners.ListForTrackResponse:
        return await ask(self._listeners.ListForTrack, request)

    async def list_top_listeners(self, request: listeners.ListTopRequest) -> listeners.ListTopResponse:
        return await ask(self._listeners.ListTop, request)

    async def count_for_tracks(self, request: listeners.CountForTracksRequest) -> listeners.CountForTracksResponse:
        return await ask(self._listeners.CountForTracks, request)

    async def list_trending_tracks(self, request: trending.ListTracksRequest) -> trending.ListTracksResponse:
        return await ask(self._trending.ListTracks, request)

    async def get_trending_state(self, request: trending.GetStateRequest) -> trending.GetStateResponse:
        return await ask(self._trending.GetState, request)

    async def record_apps(self, request: apps.RecordRequest) -> apps.RecordResponse:
        """Of many requests; the caller is the gateway itself."""
        return await ask(self._apps.Record, request, caller=SERVICE)

    async def list_trailing_apps(self, request: apps.ListTrailingRequest) -> apps.ListTrailingResponse:
        return await ask(self._apps.ListTrailing, request)

    async def get_app(self, request: apps.AppsServiceGetRequest) -> apps.AppsServiceGetResponse:
        return await ask(self._apps.Get, request)
