"""Requests by app name: each counted once, none lost while insights is away, none slower for it."""

import asyncio
from collections import Counter

import pytest
from soundstage.insights.v1.apps_pb2 import RecordAppsRequest, RecordAppsResponse

from chassis.errors import Invalid, Unavailable
from gateway import app_names
from gateway.app_names import AppNames, name_in


class Insights:
    """As insights does: a report counts once, however often it comes; `lost` answers do not arrive."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.known: set[str] = set()
        self.is_away = False
        self.lost = 0

    async def record(self, request: RecordAppsRequest) -> RecordAppsResponse:
        if self.is_away:
            raise Unavailable()
        if request.id not in self.known:
            self.known.add(request.id)
            self.counts.update({row.name: row.count for row in request.counts})
        if self.lost:
            self.lost -= 1
            raise Unavailable()
        return RecordAppsResponse()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"", "unknown"),
        (b"app_name=", "unknown"),
        (b"app_name=EXAMPLEAPP", "EXAMPLEAPP"),
        (b"query=app_name", "unknown"),
        (b"app_name=a&app_name=b", "b"),
        (b"app_name=caf%C3%A9+%26%20x", "café & x"),
        (b"app_name=" + b"x" * 128, "x" * 128),
        (b"app_name=" + b"x" * 129, "unknown"),
        (b"app_name=%C3%A9" + b"x" * 128, "unknown"),
        (b"app_name=%ff", "unknown"),
        (b"app_name=%00", "unknown"),
    ],
)
def test_a_name_is_read_or_unknown(query: bytes, name: str) -> None:
    assert name_in(query) == name


async def test_only_discovery_is_counted() -> None:
    insights = Insights()
    names = AppNames(insights.record)
    for path in ("/v1/tracks/trending", "/v1/no-such-path", "/api/v1/tracks", "/", "/v1", "/v1x/y"):
        names.count(path, b"app_name=a")
    await names.report()
    assert insights.counts == {"a": 2}


async def test_nothing_is_lost_or_doubled_while_insights_is_away_or_its_answer_is_lost() -> None:
    insights = Insights()
    names = AppNames(insights.record)
    names.count("/v1/x", b"app_name=a")
    insights.is_away = True
    await names.report()
    names.count("/v1/x", b"app_name=a")
    names.count("/v1/x", b"")
    insights.is_away, insights.lost = False, 1
    await names.report()
    await names.report()
    assert insights.counts == {"a": 2, "unknown": 1}


async def test_what_came_until_the_end_is_told() -> None:
    insights = Insights()
    names, stop = AppNames(insights.record), asyncio.Event()
    running = asyncio.create_task(names.run(stop))
    stop.set()
    await running
    names.count("/v1/last", b"app_name=late")
    insights.lost = 1
    await names.finish()
    assert insights.counts == {"late": 1}


async def test_made_up_names_cost_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_names, "MAX_NAMES", 3)
    insights = Insights()
    names = AppNames(insights.record)
    for n in range(10):
        names.count("/v1/x", b"app_name=%d" % n)
    names.count("/v1/x", b"app_name=1")
    await names.report()
    assert insights.counts == {"0": 1, "1": 2, "2": 1, "unknown": 7}


async def test_a_report_that_is_refused_for_good_holds_up_no_other() -> None:
    asked: list[RecordAppsRequest] = []

    async def refuse_first(request: RecordAppsRequest) -> RecordAppsResponse:
        asked.append(request)
        if len(asked) == 1:
            raise Invalid()
        return RecordAppsResponse()

    names = AppNames(refuse_first)
    for name in (b"app_name=first", b"app_name=second"):
        names.count("/v1/x", name)
        await names.report()
    assert [[row.name for row in request.counts] for request in asked] == [["first"], ["second"]]
