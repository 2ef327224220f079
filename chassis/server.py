"""The gRPC server of a process: deadlines, principals, errors, metrics and spans in one interceptor; health; drain."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from opentelemetry.trace import SpanKind

from chassis import clock, errors, principal, rpc_errors, telemetry
from chassis.client import MAX_ANSWER_BYTES
from chassis.config import Settings, Tls

MAX_REQUEST_BYTES = 4 * 1024 * 1024
# In flight at once, health checks aside.
MAX_CALLS = 512
# The deadline of a call whose caller set none.
MAX_CALL_SECONDS = 30.0
# How long a refused client may take to stop sending.
HUSH_SECONDS = 2.0

log = telemetry.logger(__name__)
# gRPC logs a traceback when a caller disconnects just as it is answered.
logging.getLogger("grpc._cython.cygrpc").addFilter(
    lambda record: not record.getMessage().startswith("ExecuteBatchError raised in core")
)

Servicer = tuple[Any, Callable[[Any, Any], None]]


class Server:
    """Serves `servicers`, each with its generated `add_..._to_server`, until `run` is stopped."""

    def __init__(self, settings: Settings, servicers: Sequence[Servicer]) -> None:
        self._settings = settings
        self._servicers = servicers
        self._border = _Border()
        self.port = settings.port

    async def run(self, stop: asyncio.Event) -> None:
        server = self._build()
        servers = [server, *self._plain_health()]
        for one in servers:
            await one.start()
        log.info("server.started", port=self.port)
        await stop.wait()
        await self._health.enter_graceful_shutdown()
        grace = self._settings.shutdown_grace_seconds
        await self._border.drained(grace)
        # For calls that arrived while draining: on a busy machine they take seconds.
        for one in servers:
            await one.stop(grace / 8)

    def _build(self) -> aio.Server:
        server = aio.server(
            interceptors=[self._border],
            options=[
                ("grpc.so_reuseport", 0),
                # Otherwise connected clients never find new replicas.
                ("grpc.max_connection_age_ms", int(self._settings.connection_age_seconds * 1000)),
                ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
                ("grpc.max_send_message_length", MAX_ANSWER_BYTES),
            ],
        )
        for servicer, add in self._servicers:
            self._border.register(servicer, add)
            add(servicer, server)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self._settings.environment == "development":
            names = [*self._border.services, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name]
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        address, tls = f"{self._settings.host}:{self._settings.port}", self._settings.tls
        self.port = server.add_secure_port(address, _credentials(tls)) if tls else server.add_insecure_port(address)
        return server

    def _plain_health(self) -> Iterator[aio.Server]:
        if self._settings.tls and self._settings.health_port:
            server = aio.server()
            health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
            server.add_insecure_port(f"{self._settings.host}:{self._settings.health_port}")
            yield server


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    """Asks clients for a certificate of our authority; reads the files again for each connection."""
    known = tls.read()

    def renewed() -> Any:
        nonlocal known
        if (now := tls.read()) == known:
            return None
        known = now
        log.info("server.certificate_renewed")
        return _certificates(known)

    return grpc.dynamic_ssl_server_credentials(_certificates(known), renewed, require_client_authentication=True)


def _certificates(files: tuple[bytes, bytes, bytes]) -> Any:
    certificate, key, ca = files
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=ca)


class _Registry:
    """Stands in for a server while a generated `add_..._to_server` names the service's methods."""

    def __init__(self) -> None:
        self.services: list[str] = []
        self.methods: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None: ...

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self.services.append(service)
        self.methods += [f"/{service}/{name}" for name in handlers]


class _Outcome:
    error: errors.Error | None = None


class _Border(aio.ServerInterceptor):  # type: ignore[type-arg]
    def __init__(self) -> None:
        self._allowed: dict[str, frozenset[principal.Kind]] = {}
        self._in_flight = 0
        self._idle = asyncio.Event()
        self.services: list[str] = []

    def register(self, servicer: Any, add: Callable[[Any, Any], None]) -> None:
        """Deny by default: a method that does not state who may call it keeps the process from starting."""
        registry = _Registry()
        add(servicer, registry)
        self.services += registry.services
        for method in registry.methods:
            policy = principal.policy_of(getattr(servicer, method.rsplit("/", 1)[1]))
            if policy is None:
                raise RuntimeError(f"{method} does not state who may call it")
            self._allowed[method] = policy

    async def drained(self, max_seconds: float) -> None:
        """Waits until no call is in flight, for at most `max_seconds`."""
        if self._in_flight:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), max_seconds)

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        handler = await continuation(details)
        if handler is None or details.method not in self._allowed:
            return handler
        guard = self._streaming if handler.response_streaming else self._unary
        shape = "_".join("stream" if s else "unary" for s in (handler.request_streaming, handler.response_streaming))
        build = getattr(grpc, f"{shape}_rpc_method_handler")
        guarded = guard(details.method, getattr(handler, shape))
        return build(guarded, handler.request_deserializer, handler.response_serializer)

    def _unary(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Any) -> Any:
            with self._entered(method, context) as outcome:
                self._admit()
                principal.check(principal.current(), self._allowed[method])
                return await behaviour(request, context)
            if isinstance(request, AsyncIterable):
                await _hush(request, context)
            return await _abort(context, outcome)

        return call

    def _streaming(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Any) -> AsyncIterator[Any]:
            with self._entered(method, context) as outcome:
                self._admit()
                principal.check(principal.current(), self._allowed[method])
                async for answer in behaviour(request, context):
                    yield answer
            await _abort(context, outcome)

        return call

    @contextmanager
    def _entered(self, method: str, context: Any) -> Iterator[_Outcome]:
        """Sets caller, budget and span for the block, and turns what it raises into the outcome."""
        metadata = dict(context.invocation_metadata() or ())
        budget = context.time_remaining() or MAX_CALL_SECONDS
        outcome, started = _Outcome(), perf_counter()
        self._count(1)
        try:
            with telemetry.span(method, parent=metadata.get("traceparent"), kind=SpanKind.SERVER), clock.budget(budget):
                principal.enter(_caller(metadata))
                try:
                    yield outcome
                except errors.Error as error:
                    outcome.error = error
                except Exception:
                    log.exception("rpc.failed", method=method)
                    outcome.error = errors.Internal()
        finally:
            self._count(-1)
            code = outcome.error.reason if outcome.error else "OK"
            telemetry.RPC_SECONDS.labels(method, code).observe(perf_counter() - started)

    def _admit(self) -> None:
        """Here and not in gRPC: a full service must still say that it lives, or Kubernetes restarts it."""
        if self._in_flight > MAX_CALLS:
            raise errors.Unavailable(retry_after_seconds=1)

    def _count(self, change: int) -> None:
        self._in_flight += change
        telemetry.RPC_IN_FLIGHT.set(self._in_flight)
        if self._in_flight:
            self._idle.clear()
        else:
            self._idle.set()


def _caller(metadata: dict[str, Any]) -> principal.Principal:
    encoded = metadata.get(principal.METADATA_KEY)
    return principal.decode(encoded) if encoded else principal.ANONYMOUS


async def _hush(requests: AsyncIterable[Any], context: Any) -> None:
    """Has the client stop sending before it gets the status, which would be lost to it otherwise (`chassis.client`)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(HUSH_SECONDS):
            await context.send_initial_metadata(())
            async for _ in requests:
                pass


async def _abort(context: Any, outcome: _Outcome) -> None:
    if outcome.error is not None:
        status = rpc_errors.to_status(outcome.error)
        await context.abort(status.code, status.details, status.trailing_metadata)
