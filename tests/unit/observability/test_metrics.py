"""One table of names: documented, set somewhere, and read by a rule or the dashboard."""

import pytest
from prometheus_client.metrics import MetricWrapperBase

from deploy import metrics
from tests.unit.observability import written

UNITS = ("_seconds", "_ratio", "_total", "_info")
# Without a unit: things that are counted.
COUNTS = {
    "soundstage_rpc_in_flight",
    "soundstage_consumer_lag",
    "soundstage_jobs_waiting",
    "soundstage_database_connections_in_use",
    "soundstage_database_connections_limit",
    "soundstage_group_size",
}
# Each of few values that the code knows; nothing that a caller chooses.
LABELS = {
    "version", "method", "code", "topic", "group", "partition", "kind", "outcome", "contract", "operation", "status",
    "limit", "call",
}  # fmt: skip
METRICS = metrics.metrics()


def test_the_page_is_what_the_processes_declare() -> None:
    assert (written.ROOT / "docs/metrics.md").read_text() == metrics.page(), "run `make docs`"


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_set(name: str) -> None:
    assert metrics.setters(name)


@pytest.mark.parametrize("metric", METRICS.values(), ids=metrics.exported)
def test_names_and_labels_keep_the_rules_of_prometheus(metric: MetricWrapperBase) -> None:
    name = metrics.exported(metric)
    assert name.startswith("soundstage_")
    assert name.endswith(UNITS) != (name in COUNTS)
    assert name.endswith("_total") == (metrics.described(metric).type == "counter")
    assert set(metric._labelnames) <= LABELS


def test_every_metric_is_of_use() -> None:
    read = set().union(*map(written.named_in, [*(r["expr"] for r in written.rules()), *written.dashboard()]))
    assert {metrics.exported(metric) for metric in METRICS.values()} <= read


@pytest.mark.parametrize("expression", [*(r["expr"] for r in written.rules()), *written.dashboard()])
def test_rules_and_dashboard_read_what_there_is(expression: str) -> None:
    there_is = {metrics.exported(metric) for metric in METRICS.values()} | written.recorded() | written.FOREIGN
    assert written.named_in(expression)
    assert written.named_in(expression) <= there_is
