"""Logs, traces and metrics, and the one table of their names."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from opentelemetry import context, trace
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from chassis.config import Settings

# -- metrics: every name there is; `make docs` writes docs/metrics.md from this table
BUILD = Gauge("soundstage_build_info", "Always 1; the label is the running version", ["version"])
RPC_SECONDS = Histogram("soundstage_rpc_server_seconds", "Time to answer a gRPC call", ["method", "code"])
RPC_IN_FLIGHT = Gauge("soundstage_rpc_in_flight", "gRPC calls being answered")
OUTBOX_PUBLISHED = Counter("soundstage_outbox_published_total", "Events published", ["topic"])
OUTBOX_OLDEST_SECONDS = Gauge("soundstage_outbox_oldest_seconds", "Age of the oldest unpublished event")
CONSUMED = Counter("soundstage_consumed_total", "Events applied or set aside", ["group", "topic"])
CONSUMER_LAG = Gauge("soundstage_consumer_lag", "Events not yet consumed", ["group", "topic", "partition"])
DEAD_LETTERS = Counter("soundstage_dead_letters_total", "Events set aside", ["group", "topic"])
COMPLETENESS = Gauge("soundstage_completeness_ratio", "Share of events in sealed minutes that are counted", ["kind"])
COMPLETENESS_MADE = Gauge(
    "soundstage_completeness_timestamp_seconds", "When completeness was last computed, Unix time", ["kind"]
)
JOBS = Counter("soundstage_jobs_total", "Jobs done", ["kind", "outcome"])
JOBS_WAITING = Gauge("soundstage_jobs_waiting", "Jobs not yet started", ["kind"])
JOBS_OLDEST_SECONDS = Gauge("soundstage_jobs_oldest_seconds", "How long the oldest waiting job has been due", ["kind"])
DATABASE_IN_USE = Gauge("soundstage_database_connections_in_use", "Postgres connections in use")
DATABASE_LIMIT = Gauge("soundstage_database_connections_limit", "Maximum number of Postgres connections in the pool")
HTTP_SECONDS = Histogram("soundstage_http_seconds", "Time to answer a request", ["contract", "operation", "status"])
CONNECTIONS_CUT = Counter(
    "soundstage_connections_cut_total",
    "Connections closed: slow with head, body or answer, or too many",
    ["kind"],
)
RATE_LIMITED = Counter("soundstage_rate_limited_total", "Requests over a limit", ["limit"])
LIMITED_LOCALLY = Counter(
    "soundstage_limited_locally_total", "Limits that a gateway enforced alone because Redis was down"
)
SIGNING_KEY_MADE = Gauge(
    "soundstage_signing_key_timestamp_seconds", "When the token signing key was created, Unix time; 0: unused here"
)
REVOCATIONS_AGE_SECONDS = Gauge("soundstage_revocations_age_seconds", "Age of the gateway's revocation list")
GROUP_SIZE = Histogram(
    "soundstage_group_size", "Items coalesced into one call", ["call"], buckets=(1, 2, 4, 8, 16, 32, 64, 128)
)

VERSION = Path(__file__).parents[1] / "VERSION"
tracer = trace.get_tracer("soundstage")
_ids = RandomIdGenerator()
_is_exporting = False


def logger(name: str) -> Any:
    return structlog.get_logger(name)


def start(service: str, settings: Settings) -> None:
    """Sets up logs, traces and the metrics port of this process, once."""
    _start_logs(service, settings)
    BUILD.labels(VERSION.read_text().strip() if VERSION.exists() else "unknown").set(1)
    if settings.otlp_endpoint:
        global _is_exporting
        _is_exporting = True
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        # Heavy, so only when used.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
        trace.set_tracer_provider(provider)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host)


def traceparent() -> str:
    """The current W3C trace context; empty outside any trace."""
    here = trace.get_current_span().get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}" if here.is_valid else ""


@contextmanager
def span(name: str, *, parent: str | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
    """A span under `parent` (a traceparent), or under the current span.

    Without an exporter it only carries the trace id on to logs and calls.
    """
    above = extract({"traceparent": parent}) if parent else None
    if _is_exporting:
        with tracer.start_as_current_span(name, context=above, kind=kind) as current:
            yield current
        return
    here = trace.get_current_span(above)
    if not here.get_span_context().is_valid:
        here = trace.NonRecordingSpan(trace.SpanContext(_ids.generate_trace_id(), _ids.generate_span_id(), False))
    token = context.attach(trace.set_span_in_context(here))
    try:
        yield here
    finally:
        context.detach(token)


def _start_logs(service: str, settings: Settings) -> None:
    render = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    formatter = structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=shared)
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(formatter)
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[output], force=True)


def _add_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event
