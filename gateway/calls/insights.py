from soundstage.insights.v1 import listeners_pb2 as listeners
from soundstage.insights.v1 import metrics_pb2 as metrics
from soundstage.insights.v1 import realtime_pb2 as realtime
from soundstage.insights.v1.listeners_pb2_grpc import ListenersServiceStub
from soundstage.insights.v1.metrics_pb2_grpc import MetricsServiceStub
from soundstage.insights.v1.realtime_pb2_grpc import RealtimeServiceStub

from chassis.client import Channel
from gateway.calls.wire import ask


class Insights:
    def __init__(self, address: str) -> None:
        files = (metrics.DESCRIPTOR, listeners.DESCRIPTOR, realtime.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._metrics = MetricsServiceStub(channel.grpc)
        self._listeners = ListenersServiceStub(channel.grpc)
        self._realtime = RealtimeServiceStub(channel.grpc)

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
