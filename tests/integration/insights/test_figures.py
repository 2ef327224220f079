"""A track's figures over gRPC, by the definitions of the insights and platform contracts."""

from datetime import datetime, time, timedelta

import pytest
from soundstage.common.v1.common_pb2 import Ref

from chassis import clock
from chassis.errors import Invalid
from chassis.ids import new_id
from chassis.principal import Principal
from tests.integration.insights.history import a_like, a_play, a_repost
from tests.integration.insights.system import System, user


def noon(days_ago: int) -> datetime:
    today = datetime.combine(clock.utc_now().date(), time(), clock.utc_now().tzinfo)
    return today - timedelta(days=days_ago) + timedelta(hours=12 if days_ago else 0)


class Creator:
    """A track and its owner."""

    def __init__(self, system: System) -> None:
        self.state = system.catalog.has(number=123)
        self.me: Principal = user(id=self.state.owner_id)
        self.id = self.state.id
        self.ref = Ref(number=123)


@pytest.fixture
def creator(system: System) -> Creator:
    return Creator(system)


async def test_a_track_without_plays_has_zeros_and_nothing_to_divide_by(system: System, creator: Creator) -> None:
    stats = await system.stats(creator.ref, creator.me)
    assert (stats.total_plays, stats.unique_listeners, stats.average_seconds, stats.completion_rate) == (0, 0, 0, 0)
    figures = await system.figures(creator.ref, 30, creator.me)
    assert (figures.plays_total, figures.plays_change, figures.listeners_change) == (0, 0.0, 0.0)
    for name in ("average_seconds", "completion_rate", "skip_rate", "plays_per_listener", "save_rate"):
        assert not figures.listening.HasField(name)
    charts = await system.charts(creator.ref, 7, creator.me)
    assert (len(charts.points), list(charts.retention), list(charts.devices)) == (7, [], [])
    assert not any(point.HasField("completion_rate") for point in charts.points)


async def test_figures_of_a_window(system: System, creator: Creator) -> None:
    ann, bob, cid = (str(new_id()) for _ in range(3))
    await system.count(
        # In the window of 7 days.
        a_play(creator.id, ann, at=noon(0), seconds=190),
        a_play(creator.id, ann, at=noon(1), seconds=29),
        a_play(creator.id, bob, at=noon(6), seconds=100),
        a_play(creator.id, "", at=noon(6)),
        # In the window before.
        a_play(creator.id, ann, at=noon(7)),
        a_play(creator.id, cid, at=noon(13)),
        a_play(creator.id, cid, at=noon(13)),
        # Before both.
        a_play(creator.id, cid, at=noon(14), seconds=200),
        # Another's.
        a_play(str(new_id()), ann, at=noon(0)),
    )
    await system.count(
        a_like(creator.id, ann, at=noon(3)),
        a_like(creator.id, bob, at=noon(9)),
        a_like(creator.id, cid, at=noon(2)),
        a_like(creator.id, cid, at=noon(2), version=2, is_liked=False),
    )
    await system.count(a_repost(creator.id, ann, at=noon(6)), a_repost(creator.id, bob, at=noon(7)))
    f = await system.figures(creator.ref, 7, creator.me)
    assert (f.plays_total, f.plays_period, f.listeners_total, f.listeners_unique) == (8, 4, 3, 2)
    assert (f.likes, f.reposts) == (1, 1)
    assert (f.plays_change, f.listeners_change) == (33.3, 0.0)
    assert getattr(f, "from") == noon(6).date().isoformat()
    assert f.to == noon(0).date().isoformat()
    heard = f.listening
    assert (heard.timed_plays, heard.average_seconds, heard.completion_rate) == (3, 106.3, 33.3)
    # Bob likes it since before the window, and he listened in it: he saved it too.
    assert (heard.skip_rate, heard.plays_per_listener, heard.save_rate) == (33.3, 2.0, 100.0)


async def test_from_zero_a_change_is_a_hundred_percent(system: System, creator: Creator) -> None:
    await system.count(a_play(creator.id, str(new_id())), a_play(creator.id))
    figures = await system.figures(creator.ref, 90, creator.me)
    assert (figures.plays_change, figures.listeners_change) == (100.0, 100.0)


async def test_charts_have_a_point_a_day_whose_sums_are_the_totals(system: System, creator: Creator) -> None:
    ann, bob = str(new_id()), str(new_id())
    await system.count(
        a_play(creator.id, ann, at=noon(0), seconds=200, device="Chrome Browser"),
        a_play(creator.id, ann, at=noon(0), seconds=50, device="Chrome Browser"),
        a_play(creator.id, bob, at=noon(0), device="Alpha"),
        a_play(creator.id, bob, at=noon(29), seconds=0),
        a_play(creator.id, bob, at=noon(30), seconds=1, device="Never"),
    )
    await system.count(a_like(creator.id, ann, at=noon(29)), a_repost(creator.id, ann, at=noon(28)))
    for days in (7, 30, 90, 365):
        charts = await system.charts(creator.ref, days, creator.me)
        figures = await system.figures(creator.ref, days, creator.me)
        dates = [point.date for point in charts.points]
        assert dates == [noon(n).date().isoformat() for n in range(days - 1, -1, -1)]
        assert charts.plays == figures.plays_period == sum(point.plays for point in charts.points)
        assert charts.likes == figures.likes == sum(point.likes for point in charts.points)
        assert charts.reposts == figures.reposts == sum(point.reposts for point in charts.points) == (days > 7)
        assert (charts.listeners, charts.listening) == (figures.listeners_unique, figures.listening)
    month = await system.charts(creator.ref, 30, creator.me)
    today, first = month.points[-1], month.points[0]
    assert (today.plays, today.listeners, today.likes, today.completion_rate) == (3, 2, 0, 50.0)
    assert (first.plays, first.listeners, first.likes, first.completion_rate) == (1, 1, 1, 0.0)
    assert list(month.retention) == [100.0, *[66.7] * 5, *[33.3] * 15]
    devices = [(part.device, part.plays, part.share) for part in month.devices]
    assert devices == [("Chrome Browser", 2, 50.0), ("Alpha", 1, 25.0), ("unknown", 1, 25.0)]
    assert month.subject_id == creator.id
    assert month.stats == await system.stats(creator.ref, creator.me)


async def test_at_most_ten_devices_are_named(system: System, creator: Creator) -> None:
    await system.count(*(a_play(creator.id, device=f"device {n:02}") for n in range(12)))
    charts = await system.charts(creator.ref, 7, creator.me)
    assert [part.device for part in charts.devices] == [f"device {n:02}" for n in range(10)]


async def test_stats_are_over_timed_plays_cut_at_the_duration(system: System, creator: Creator) -> None:
    ann = str(new_id())
    await system.count(
        a_play(creator.id, ann, seconds=9000, at=noon(400)), a_play(creator.id, ann, seconds=131), a_play(creator.id)
    )
    stats = await system.stats(Ref(id=creator.id), creator.me)
    assert (stats.total_plays, stats.unique_listeners) == (3, 1)
    assert (stats.average_seconds, stats.completion_rate) == (165.5, 50.0)


async def test_as_of_never_claims_more_than_was_consumed(system: System, creator: Creator) -> None:
    before = clock.utc_now() - timedelta(minutes=5)
    await system.value("INSERT INTO freshness (passed_at) VALUES ($1)", before)
    for answer in (
        await system.figures(creator.ref, 7, creator.me),
        await system.charts(creator.ref, 7, creator.me),
        await system.now(creator.ref, creator.me),
    ):
        assert answer.as_of.ToDatetime(tzinfo=before.tzinfo) <= before


async def test_a_window_of_no_sensible_length_is_invalid(system: System, creator: Creator) -> None:
    for days in (0, -3, 5000):
        with pytest.raises(Invalid):
            await system.figures(creator.ref, days, creator.me)
        with pytest.raises(Invalid):
            await system.charts(creator.ref, days, creator.me)
