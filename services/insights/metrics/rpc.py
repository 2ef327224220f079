"""MetricsService on the wire."""

from typing import Any

from soundstage.insights.v1 import metrics_pb2 as pb
from soundstage.insights.v1.metrics_pb2_grpc import MetricsServiceServicer

from chassis import principal
from chassis.clock import timestamp
from chassis.principal import Kind, allow
from services.insights.metrics.domain import Metrics
from services.insights.metrics.figures import Charts, Day, Figures, Listening, Stats
from services.insights.refs import ref


class MetricsRpc(MetricsServiceServicer):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @allow(Kind.ANONYMOUS, Kind.USER)
    async def GetTrackStats(self, request: pb.GetTrackStatsRequest, context: Any) -> pb.GetTrackStatsResponse:
        stats = await self._metrics.get_track_stats(ref(request.track), principal.current())
        return pb.GetTrackStatsResponse(stats=_stats(stats))

    @allow(Kind.USER)
    async def GetTrackFigures(self, request: pb.GetTrackFiguresRequest, context: Any) -> pb.GetTrackFiguresResponse:
        return _figures(await self._metrics.get_track_figures(ref(request.track), request.days, principal.current()))

    @allow(Kind.USER)
    async def GetTrackCharts(self, request: pb.GetTrackChartsRequest, context: Any) -> pb.GetTrackChartsResponse:
        track_id, charts = await self._metrics.get_track_charts(ref(request.track), request.days, principal.current())
        return _charts(str(track_id), charts)


def _stats(stats: Stats) -> pb.TrackStats:
    return pb.TrackStats(
        total_plays=stats.sums.plays,
        unique_listeners=stats.listeners,
        average_seconds=stats.sums.average_seconds or 0.0,
        completion_rate=stats.sums.completion_rate or 0.0,
    )


def _figures(figures: Figures) -> pb.GetTrackFiguresResponse:
    message = pb.GetTrackFiguresResponse(
        plays_total=figures.stats.sums.plays,
        plays_period=figures.sums.plays,
        listeners_total=figures.stats.listeners,
        listeners_unique=figures.listeners.distinct,
        likes=figures.sums.likes,
        reposts=figures.sums.reposts,
        plays_change=figures.plays_change,
        listeners_change=figures.listeners_change,
        as_of=timestamp(figures.as_of),
        to=figures.window.last.isoformat(),
        listening=_listening(figures.listening),
    )
    setattr(message, "from", figures.window.first.isoformat())
    return message


def _charts(track_id: str, charts: Charts) -> pb.GetTrackChartsResponse:
    message = pb.GetTrackChartsResponse(
        track_id=track_id,
        to=charts.window.last.isoformat(),
        as_of=timestamp(charts.as_of),
        plays=charts.sums.plays,
        listeners=charts.listeners.distinct,
        likes=charts.sums.likes,
        reposts=charts.sums.reposts,
        listening=_listening(charts.listening),
        points=[_point(day) for day in charts.days],
        retention=charts.retention,
        devices=[pb.DevicePart(device=d.name, plays=d.plays, share=d.share) for d in charts.devices],
        stats=_stats(charts.stats),
    )
    setattr(message, "from", charts.window.first.isoformat())
    return message


def _point(day: Day) -> pb.DayPoint:
    return pb.DayPoint(
        date=day.day.isoformat(),
        plays=day.sums.plays,
        listeners=day.listeners,
        likes=day.sums.likes,
        reposts=day.sums.reposts,
        completion_rate=day.sums.completion_rate,
    )


def _listening(listening: Listening) -> pb.Listening:
    return pb.Listening(
        timed_plays=listening.timed_plays,
        average_seconds=listening.average_seconds,
        completion_rate=listening.completion_rate,
        skip_rate=listening.skip_rate,
        plays_per_listener=listening.plays_per_listener,
        save_rate=listening.save_rate,
    )
