"""`python -m deploy.metrics` writes docs/metrics.md from the table of names in chassis/telemetry.py."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from chassis import telemetry

ROOT = Path(__file__).parents[1]
HEAD = """# What the processes tell: metrics, traces, logs

## Metrics

Every process (each role of each service, and the gateway) answers `GET /metrics` on its metrics port. Prometheus adds
`service` and `role` to each series (`deploy/k8s/components/telemetry`), so no process says who it is. No label holds
an id, an address or anything else that a caller chooses. A metric without labels is in every process and 0 where it
means nothing. Beside these come prometheus_client's own of the process (`process_*`, `python_*`). Rules, alerts and the
dashboard use no other; [runbook.md](runbook.md) says what to do. This page is written by `make docs`.

"""
TAIL = """
## Traces

`OTLP_ENDPOINT` is the whole address of a collector that takes OTLP over HTTP (`http://collector:4318/v1/traces`);
empty, nothing is recorded. A collector that is away costs spans, nothing else. `service.name` is the service's name.
A request is one trace, from the client's `traceparent` or a new one, over gRPC, the outbox and Kafka's headers to the
transaction that applies its event:

| span | kind | in |
|---|---|---|
| the operation of the contract (`recordPlay`), with `http.response.status_code` | server | gateway |
| the method (`/soundstage.audience.v1.PlaysService/RecordPlays`) | server | each service that is called |
| `record play`: one for each play of a group | internal | audience |
| `consume <topic>`: one a record, or one a batch under its first record's trace | internal | each consumer |
| `transcode` | internal | streaming |

Sampling is OpenTelemetry's: `OTEL_TRACES_SAMPLER` (`parentbased_always_on` by default, for one trace in a hundred
`parentbased_traceidratio`) and `OTEL_TRACES_SAMPLER_ARG` (`0.01`). With a parent-based one, who sends a `traceparent`
decides; let the ingress drop that header where strangers should not.

## Logs

One JSON object a line on standard error (`LOG_FORMAT=console` for people):

| field | meaning |
|---|---|
| `timestamp` | UTC, ISO 8601 |
| `level` | `debug`, `info`, `warning`, `error`; `LOG_LEVEL` is the least that is written |
| `service` | the service, or `gateway`; which role and pod is the cluster's to add |
| `event` | what happened, of a small vocabulary (`outbox.interrupted`); libraries' own lines have their text here |
| `trace_id` | of the request or event in hand; the one of its trace |
| `exception` | a traceback, with what nobody foresaw |
| others | the event's own: `fault`, `reason`, `group`, `topic`, `offset`, `operation`, `method`, `recording` ... |

There is no line for each request: the metrics count them and the traces show them. Tokens, passwords and addresses of
people are never in a line.
"""


def metrics() -> dict[str, MetricWrapperBase]:
    """The metrics by the names that they have in the code, in the table's order."""
    return {name: it for name, it in vars(telemetry).items() if isinstance(it, MetricWrapperBase)}


def described(metric: MetricWrapperBase) -> Metric:
    """Its name, kind and meaning."""
    return next(iter(metric.describe()))


def exported(metric: MetricWrapperBase) -> str:
    """The name that Prometheus knows; a histogram's has _bucket, _sum and _count after it."""
    it = described(metric)
    return f"{it.name}_total" if it.type == "counter" else it.name


@cache
def _code() -> dict[str, str]:
    files = (file for folder in ("chassis", "services", "gateway") for file in sorted((ROOT / folder).rglob("*.py")))
    return {file.relative_to(ROOT).as_posix(): file.read_text() for file in files}


def setters(name: str) -> list[str]:
    """The files whose code sets it."""
    use = re.compile(rf"\b{name}\.(labels|set|inc|observe|track_inprogress)\b")
    return [path for path, text in _code().items() if use.search(text)]


def table() -> Iterator[str]:
    yield "| name | kind | labels | what it tells | set in |"
    yield "|---|---|---|---|---|"
    for name, metric in metrics().items():
        it = described(metric)
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # describe leaves them out
        places = ", ".join(f"`{path}`" for path in setters(name))
        yield f"| `{exported(metric)}` | {it.type} | {labels} | {it.documentation} | {places} |"


def page() -> str:
    return HEAD + "\n".join(table()) + "\n" + TAIL


if __name__ == "__main__":
    sys.stdout.write(page())
