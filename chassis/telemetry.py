"""Logs, traces and metrics, and the one table of their names."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Span, SpanKind
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from chassis.config import Settings

# -- metrics: every name there is
RPC_SECONDS = Histogram("soundstage_rpc_server_seconds", "Time to answer a call", ["method", "code"])
RPC_IN_FLIGHT = Gauge("soundstage_rpc_in_flight", "Calls being answered")
OUTBOX_PUBLISHED = Counter("soundstage_outbox_published_total", "Events published", ["topic"])
OUTBOX_OLDEST_SECONDS = Gauge("soundstage_outbox_oldest_seconds", "Age of the oldest event not yet published")
CONSUMED = Counter("soundstage_consumed_total", "Events applied", ["topic"])
CONSUMER_LAG = Gauge("soundstage_consumer_lag", "Events behind the end of a partition", ["group", "topic", "partition"])
DEAD_LETTERS = Counter("soundstage_dead_letters_total", "Events set aside", ["group", "topic"])
COMPLETENESS = Gauge("soundstage_completeness_ratio", "Share of sealed source events that are counted", ["kind"])
JOBS = Counter("soundstage_jobs_total", "Jobs done", ["kind", "outcome"])
JOBS_WAITING = Gauge("soundstage_jobs_waiting", "Jobs not yet taken", ["kind"])
HTTP_SECONDS = Histogram("soundstage_http_seconds", "Time to answer a request", ["contract", "operation", "status"])
RATE_LIMITED = Counter("soundstage_rate_limited_total", "Requests over a limit", ["limit"])
REVOCATIONS_AGE_SECONDS = Gauge("soundstage_revocations_age_seconds", "Age of the gateway's revocation list")
GROUP_SIZE = Histogram(
    "soundstage_group_size", "Items coalesced into one call", ["call"], buckets=(1, 2, 4, 8, 16, 32, 64, 128)
)

tracer = trace.get_tracer("soundstage")


def logger(name: str) -> Any:
    return structlog.get_logger(name)


def start(service: str, settings: Settings) -> None:
    """Sets up logs, traces and the metrics port of this process, once."""
    _start_logs(service, settings)
    # Without an exporter nothing is recorded, yet every line of a log still carries its trace id.
    sampler = ParentBased(ALWAYS_ON if settings.otlp_endpoint else ALWAYS_OFF)
    provider = TracerProvider(sampler, Resource.create({"service.name": service}))
    if settings.otlp_endpoint:
        # Heavy, so only when used.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host)


def traceparent() -> str:
    """The W3C trace context of what runs now; empty outside any trace."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def span(name: str, *, parent: str | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
    """A span under `parent` (a traceparent), or under what runs now."""
    context = extract({"traceparent": parent}) if parent else None
    with tracer.start_as_current_span(name, context=context, kind=kind) as current:
        yield current


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
