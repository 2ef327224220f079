"""Requests by app name, each report counted once; and registered apps."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from soundstage.insights.v1 import apps_pb2 as pb
from soundstage.insights.v1 import apps_pb2_grpc

from chassis import clock
from chassis.client import call
from chassis.clock import timestamp
from chassis.errors import Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE
from services.insights.apps import domain
from services.insights.apps.domain import Apps
from tests.integration.insights.live import Live
from tests.integration.insights.system import System

WEEK, MONTH, ALL_TIME = pb.TRAILING_RANGE_WEEK, pb.TRAILING_RANGE_MONTH, pb.TRAILING_RANGE_ALL_TIME


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lists are asked for anew, and the clock is right again afterwards."""
    monkeypatch.setattr(domain, "LIST_KEPT_SECONDS", -1.0)
    yield
    clock.shift(0)


def a_report(counts: dict[str, int], *, days_ago: float = 0) -> pb.RecordAppsRequest:
    rows = [pb.AppCount(name=name, count=count) for name, count in counts.items()]
    counted_at = timestamp(clock.utc_now() - timedelta(days=days_ago))
    return pb.RecordAppsRequest(id=str(new_id()), counts=rows, counted_at=counted_at)


async def record(system: System, report: pb.RecordAppsRequest) -> None:
    await call(apps_pb2_grpc.AppsServiceStub(system.channel.grpc).Record, report, caller=SERVICE)


async def trailing(system: System, range: int) -> list[tuple[str, int]]:
    stub = apps_pb2_grpc.AppsServiceStub(system.channel.grpc)
    request = pb.ListTrailingAppsRequest(range=range)  # type: ignore[arg-type]
    return [(row.name, row.count) for row in (await call(stub.ListTrailing, request, caller=ANONYMOUS)).counts]


async def test_ranges_roll_and_all_time_keeps_everything(system: System) -> None:
    await record(system, a_report({"a": 1, "b": 5}))
    await record(system, a_report({"a": 10}, days_ago=6.9))
    await record(system, a_report({"a": 100}, days_ago=8))
    await record(system, a_report({"a": 1000}, days_ago=31))
    assert await trailing(system, WEEK) == [("a", 11), ("b", 5)]
    assert await trailing(system, MONTH) == [("a", 111), ("b", 5)]
    assert await trailing(system, ALL_TIME) == [("a", 1111), ("b", 5)]
    clock.shift(timedelta(days=8).total_seconds())
    await Apps(system.database).prune()
    assert await trailing(system, WEEK) == []
    assert await trailing(system, MONTH) == [("a", 111), ("b", 5)]
    assert await trailing(system, ALL_TIME) == [("a", 1111), ("b", 5)]


async def test_a_report_told_twice_counts_once(system: System) -> None:
    report = a_report({"a": 3})
    await record(system, report)
    await record(system, report)
    await record(system, a_report({"a": 1}))
    assert await trailing(system, WEEK) == await trailing(system, ALL_TIME) == [("a", 4)]


async def test_most_first_equal_ones_by_name_and_a_hundred_at_most(system: System) -> None:
    await record(system, a_report({f"n{n:03}": 1 for n in range(120)} | {"z": 2, "A": 1}))
    for range_ in (WEEK, ALL_TIME):
        names = [name for name, _ in await trailing(system, range_)]
        assert names[:3] == ["z", "A", "n000"]
        assert len(names) == 100


async def test_what_no_gateway_would_say_is_refused(system: System) -> None:
    for counts in ({"": 1}, {"x" * 129: 1}, {"a\0b": 1}, {"a": 0}, {"a": -5}):
        with pytest.raises(Invalid):
            await record(system, a_report(counts))
    with pytest.raises(Unauthenticated):
        stub = apps_pb2_grpc.AppsServiceStub(system.channel.grpc)
        await call(stub.Record, a_report({"a": 1}), caller=ANONYMOUS)
    assert await trailing(system, ALL_TIME) == []


async def test_a_registered_app_is_found_by_its_address_in_any_case(system: System) -> None:
    environ = os.environ | {"INSIGHTS_DATABASE_URL": system.settings.database_url}
    argv = [sys.executable, "-m", "services.insights", "apps", "add", "Käse <b>", "--owner", "7", "--description", "D"]
    done = await asyncio.to_thread(subprocess.run, argv, env=environ, capture_output=True, text=True, check=True)
    told = done.stdout.strip()
    assert re.fullmatch("0x[0-9a-f]{40}", told)
    stub = apps_pb2_grpc.AppsServiceStub(system.channel.grpc)
    request = pb.GetAppRequest(address="0x" + told[2:].upper())
    app = (await call(stub.Get, request, caller=ANONYMOUS)).app
    assert (app.address, app.owner_number, app.name, app.description) == (told, 7, "Käse <b>", "D")
    assert not app.HasField("image")
    with pytest.raises(NotFound):
        await call(stub.Get, pb.GetAppRequest(address="0x" + "0" * 40), caller=ANONYMOUS)


async def test_a_rebuild_leaves_apps_alone(system: System, live: Live) -> None:
    await record(system, a_report({"a": 3}))
    await Apps(system.database).add("Kept", 1, None)
    await live.run(swaps=True)
    assert await trailing(system, WEEK) == await trailing(system, ALL_TIME) == [("a", 3)]
    assert await system.value("SELECT name FROM own.apps") == "Kept"


async def test_a_list_is_kept_for_some_seconds(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "LIST_KEPT_SECONDS", 60.0)
    await record(system, a_report({"a": 1}))
    assert await trailing(system, WEEK) == [("a", 1)]
    await record(system, a_report({"a": 1}))
    assert await trailing(system, WEEK) == [("a", 1)]
    assert await trailing(system, MONTH) == [("a", 2)]


async def test_invented_names_fill_no_table(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those with most requests keep their name; nothing that was counted is lost."""
    monkeypatch.setattr(domain, "MAX_NAMES_OF_HOUR", 5)
    monkeypatch.setattr(domain, "KEPT_OF_HOUR", 2)
    monkeypatch.setattr(domain, "KEPT_NAMES", 2)
    await record(system, a_report({f"app {n}": 10 - n for n in range(8)}))
    await record(system, a_report({"app 0": 1, "new": 5}))
    kept = [("other", 17), ("app 0", 11), ("app 1", 9), ("app 2", 8), ("app 3", 7), ("app 4", 6)]
    assert await trailing(system, WEEK) == kept
    clock.shift(3600)
    await Apps(system.database).prune()
    assert await trailing(system, WEEK) == [("other", 38), ("app 0", 11), ("app 1", 9)]
    assert await trailing(system, ALL_TIME) == [("other", 38), ("app 0", 11), ("app 1", 9)]
