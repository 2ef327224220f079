"""`python -m deploy.metrics` writes docs/metrics.md from the table of names in chassis/telemetry.py."""

import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from chassis import telemetry

ROOT = Path(__file__).parents[1]
WIDTH = 120
HEAD = """# Observability: metrics, traces, logs

## Metrics

Every process (each role of each service, and the gateway) answers `GET /metrics` on its metrics port. Prometheus adds
`service` and `role` to each series (`deploy/k8s/components/telemetry`), so processes do not label themselves. No label
contains an id, an address or anything else that a caller chooses. Metrics without labels exist in every process and are
0 where they do not apply. prometheus_client adds its own (`process_*`, `python_*`). Rules, alerts and the dashboard use
only these; [runbook.md](runbook.md) says what to do when an alert fires. `make docs` writes this page.

"""
TAIL = """
## Traces

`OTLP_ENDPOINT` is the full URL of a collector that accepts OTLP over HTTP (`http://collector:4318/v1/traces`). If it is
empty, nothing is recorded. If the collector is down, spans are lost and nothing else. `service.name` is the service's
name. A request is one trace, from the client's `traceparent` or a new one, through gRPC, the outbox and Kafka's headers
to the transaction that applies its event:

| span | kind | in |
|---|---|---|
| the operation of the contract (`recordPlay`), with `http.response.status_code` | server | gateway |
| the method (`/soundstage.audience.v1.PlaysService/RecordPlays`) | server | each service that is called |
| `record play`: one per play of a group | internal | audience |
| `consume <topic>`: one per record, or per batch under its first record's trace | internal | each consumer |
| `transcode` | internal | streaming |

Sampling is configured as usual in OpenTelemetry: `OTEL_TRACES_SAMPLER` is `parentbased_always_on` by default. For one
trace in a hundred, use `parentbased_traceidratio` and `OTEL_TRACES_SAMPLER_ARG=0.01`. With a parent-based sampler, a
client that sends a `traceparent` decides; to prevent that, have the ingress drop the header.

## Logs

One JSON object per line on standard error (`LOG_FORMAT=console` for people):

| field | meaning |
|---|---|
| `timestamp` | UTC, ISO 8601 |
| `level` | `debug`, `info`, `warning`, `error`; `LOG_LEVEL` is the minimum |
| `service` | the service, or `gateway`; the cluster adds role and pod |
| `event` | what happened, from a small vocabulary (`outbox.interrupted`); or the text of a library's log line |
| `trace_id` | the trace of the current request or event |
| `exception` | a traceback, for unexpected errors |
| others | depend on the event: `fault`, `reason`, `group`, `topic`, `offset`, `operation`, `method`, `recording` ... |

Requests are not logged one by one: metrics count them and traces show them. Log lines never contain tokens, passwords
or email addresses.
"""


def metrics() -> dict[str, MetricWrapperBase]:
    """The metrics by their names in the code, in the order of the table there."""
    return {name: it for name, it in vars(telemetry).items() if isinstance(it, MetricWrapperBase)}


def described(metric: MetricWrapperBase) -> Metric:
    """Its name, kind and meaning."""
    return next(iter(metric.describe()))


def exported(metric: MetricWrapperBase) -> str:
    """The name in Prometheus; for a histogram, without _bucket, _sum and _count."""
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


def listing() -> Iterator[str]:
    for name, metric in metrics().items():
        it = described(metric)
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # describe omits them
        kind = f"{it.type} by {labels}" if labels else it.type
        places = ", ".join(f"`{path}`" for path in setters(name))
        line = f"- `{exported(metric)}` ({kind}): {it.documentation}. Set in {places}."
        yield textwrap.fill(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def page() -> str:
    return HEAD + "\n".join(listing()) + "\n" + TAIL


if __name__ == "__main__":
    sys.stdout.write(page())
