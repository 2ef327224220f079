"""FiguresService on the wire, also under its old name, MetricsService."""

from typing import Any

from soundstage.insights.v1 import figures_pb2 as pb
from soundstage.insights.v1.figures_pb2_grpc import FiguresServiceServicer, MetricsServiceServicer

from chassis.clock import timestamp
from chassis.ids import Ref
from chassis.principal import Kind, allow, current
from services.insights.figures.domain import Figures
from services.insights.figures.figure import Charts, Day, Listening, PeriodFigures, Stats, Subject


class FiguresRpc(FiguresServiceServicer, MetricsServiceServicer):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    @allow(Kind.ANONYMOUS, Kind.USER)
    async def GetStats(self, request: pb.GetStatsRequest, context: Any) -> pb.GetStatsResponse:
        stats = await self._figures.get_stats(current(), _subject(request))
        return pb.GetStatsResponse(stats=_stats(stats))

    @allow(Kind.USER)
    async def GetFigures(self, request: pb.GetFiguresRequest, context: Any) -> pb.GetFiguresResponse:
        return _figures(await self._figures.get_figures(current(), _subject(request), request.days))

    @allow(Kind.USER)
    async def GetCharts(self, request: pb.GetChartsRequest, context: Any) -> pb.GetChartsResponse:
        subject_id, charts = await self._figures.get_charts(current(), _subject(request), request.days)
        return _charts(str(subject_id), charts)

    GetTrackStats, GetTrackFigures, GetTrackCharts = GetStats, GetFigures, GetCharts


def _subject(request: pb.GetStatsRequest | pb.GetFiguresRequest | pb.GetChartsRequest) -> Subject:
    """Raises Invalid when the request names none."""
    return Subject(track=Ref.of(request.track, field="track"))


def _stats(stats: Stats) -> pb.Stats:
    return pb.Stats(
        total_plays=stats.sums.plays,
        unique_listeners=stats.listeners,
        average_seconds=stats.sums.average_seconds or 0.0,
        completion_rate=stats.sums.completion_rate or 0.0,
    )


def _figures(figures: PeriodFigures) -> pb.GetFiguresResponse:
    message = pb.GetFiguresResponse(
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


def _charts(subject_id: str, charts: Charts) -> pb.GetChartsResponse:
    message = pb.GetChartsResponse(
        subject_id=subject_id,
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
