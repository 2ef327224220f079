"""What the table of metrics names is told by the processes that run, each its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics import exported, metrics
from tests.support import beside
from tests.support.people import Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

SERVICE = {"build_info", "rpc_server_seconds", "database_connections_limit", "database_connections_in_use"}
PUBLISHER = SERVICE | {"outbox_published_total"}
CONSUMER = {"consumed_total", "consumer_lag", "dead_letters_total"}
TOLD = {
    "gateway": {"build_info", "http_seconds", "group_size", "revocations_age_seconds"},
    "auth": PUBLISHER | {"signing_key_timestamp_seconds"},
    "catalog": (PUBLISHER | CONSUMER) - {"database_connections_in_use"},
    "streaming": PUBLISHER | CONSUMER | {"jobs_total", "jobs_waiting", "jobs_oldest_seconds"},
    "audience": PUBLISHER | CONSUMER,
    "marketplace": {"build_info", "database_connections_limit"} | CONSUMER,
    "insights": PUBLISHER | CONSUMER | {"completeness_ratio", "completeness_timestamp_seconds"},
}
# What only a moment or a fault shows: tests of those look at them.
OTHERWISE = {
    "outbox_oldest_seconds", "rpc_in_flight", "rate_limited_total", "limited_locally_total", "connections_cut_total",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def life(running_system: System, tune: Callable[[str, float], Path]) -> None:
    """Something of everything: people, a track, a play."""
    with Stage(running_system.url) as stage:
        track = stage.person("artist").release(tune("mp3", 6.0))
        listener = stage.person("listener")
        ok(listener.post(f"/tracks/{track['id']}/play", json={"duration": 3}))
        ok(listener.get(f"/tracks/{track['id']}/stats"))


@pytest.mark.parametrize("process", TOLD)
def test_a_process_tells_what_it_knows(running_system: System, process: str) -> None:
    port = running_system.ports.metrics(process)
    eventually(lambda: TOLD[process] <= told(port))


def test_nothing_in_the_table_is_told_by_nobody() -> None:
    table = {exported(metric).removeprefix("soundstage_") for metric in metrics().values()}
    assert table == set().union(*TOLD.values()) | OTHERWISE


def told(port: int) -> set[str]:
    """The metrics that were set: those with labels, and of the others those that are not 0."""
    families = text_string_to_metric_families(beside.metrics(port))
    set_ = {f.name + "_total" * (f.type == "counter") for f in families for s in f.samples if s.labels or s.value}
    return {name.removeprefix("soundstage_") for name in set_ if name.startswith("soundstage_")}
