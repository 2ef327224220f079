"""Calls to other services: they carry principal, trace and deadline, and raise what the service raised."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc import aio

from chassis import clock, errors, principal, rpc_errors, telemetry
from chassis.config import Tls

DEFAULT_TIMEOUT_SECONDS = 5.0
# A playlist's 1,000 tracks, each with texts of maximum length.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
# Between two log lines on calls without an answer: during an outage there are thousands.
SILENCE_SECONDS = 1.0
# How often to look for a renewed certificate, and how long calls under the old one may take to end.
RENEWAL_SECONDS, LEAVING_SECONDS = 5.0, 60.0

log = telemetry.logger(__name__)
_silent_until = 0.0


class Channel:
    """A channel to one service at `address`, such as `dns:///audience:7104`. Create it inside the running loop."""

    def __init__(
        self, address: str, *services: ServiceDescriptor, keyed: tuple[str, ...] = (), tls: Tls | None = None
    ) -> None:
        """`services` are those called. Methods without side effects are retried, and so are those named in `keyed`."""
        target = address if "://" in address else f"dns:///{address}"
        options = [
            ("grpc.service_config", json.dumps(_service_config(services, keyed))),
            ("grpc.enable_retries", 1),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
            # Find a service that comes back at once, not after minutes of backoff.
            ("grpc.max_reconnect_backoff_ms", 1_000),
            # By default gRPC resolves a name at most twice a minute and misses replaced replicas.
            ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        ]
        self.grpc: Any = _Renewed(target, options, tls) if tls else aio.insecure_channel(target, options=options)

    async def close(self) -> None:
        await self.grpc.close(None)


class _Renewed:
    """A channel that is opened anew when our certificate has been renewed: gRPC reads it only once.

    Stands where generated stubs expect a channel.
    """

    def __init__(self, target: str, options: list[tuple[str, Any]], tls: Tls) -> None:
        self._target, self._options, self._tls = target, options, tls
        self._files = tls.read()
        self._look_at = 0.0
        self._leaving: set[asyncio.Task[None]] = set()
        self._channel = self._opened()

    def current(self) -> aio.Channel:
        if (now := monotonic()) >= self._look_at:
            self._look_at = now + RENEWAL_SECONDS
            if (files := self._tls.read()) != self._files:
                self._files, old = files, self._channel
                self._channel = self._opened()
                task = asyncio.get_running_loop().create_task(old.close(LEAVING_SECONDS))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
        return self._channel

    async def close(self, grace: float | None) -> None:
        await self._channel.close(grace)

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        """`unary_unary` and its siblings: a method of the channel that is current when it is called."""

        def method(*names: Any, **how: Any) -> Callable[..., Any]:
            made: dict[aio.Channel, Any] = {}

            def call(*arguments: Any, **options: Any) -> Any:
                channel = self.current()
                if channel not in made:
                    made.clear()
                    made[channel] = getattr(channel, kind)(*names, **how)
                return made[channel](*arguments, **options)

            return call

        return method

    def _opened(self) -> aio.Channel:
        certificate, key, ca = self._files
        return aio.secure_channel(self._target, grpc.ssl_channel_credentials(ca, key, certificate), self._options)


def metadata(caller: principal.Principal | None = None) -> list[tuple[str, str | bytes]]:
    """The metadata of a call on behalf of `caller`, by default our own caller."""
    pairs: list[tuple[str, str | bytes]] = [
        (principal.METADATA_KEY, principal.encode(principal.current() if caller is None else caller))
    ]
    if trace := telemetry.traceparent():
        pairs.append(("traceparent", trace))
    return pairs


async def call(
    method: Callable[..., Any],
    request: Any,
    *,
    caller: principal.Principal | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> Any:
    """Calls a method with a single response, within the budget; raises what the service raised.

    `request` is a message, or an async iterator of messages for a client-streaming method. Cancelling cancels the call.
    """
    timeout = clock.remaining(timeout_seconds)
    if timeout <= 0:
        raise errors.Unavailable()
    if isinstance(request, AsyncIterator):
        request = _until_answered(request, lambda: running)
    running = method(request, metadata=metadata(caller), timeout=timeout)
    try:
        return await running
    except aio.AioRpcError as failure:
        _tell(type(request).__name__, failure)
        raise rpc_errors.restore(failure) from None


async def _until_answered(requests: AsyncIterator[Any], running: Callable[[], Any]) -> AsyncIterator[Any]:
    """Stops when the server answers early, which is a refusal (`chassis.server`).

    grpc.aio replaces the status of a call by INTERNAL if it meets a message that is being written.
    """
    answered = asyncio.create_task(running().initial_metadata())
    try:
        async for request in requests:
            if answered.done():
                return
            yield request
    finally:
        answered.cancel()


async def stream(
    method: Callable[..., Any],
    request: Any,
    *,
    caller: principal.Principal | None = None,
    timeout_seconds: float | None = None,
) -> AsyncIterator[Any]:
    """The messages of a server-streaming method."""
    try:
        async for answer in method(request, metadata=metadata(caller), timeout=timeout_seconds):
            yield answer
    except aio.AioRpcError as failure:
        _tell(type(request).__name__, failure)
        raise rpc_errors.restore(failure) from None


def _tell(request: str, failure: aio.AioRpcError) -> None:
    """Logs why a call got no answer: only gRPC knows."""
    global _silent_until
    if rpc_errors.is_unanswered(failure) and (now := monotonic()) >= _silent_until:
        _silent_until = now + SILENCE_SECONDS
        log.warning("rpc.unanswered", request=request, code=failure.code().name, fault=failure.details())


def _service_config(services: tuple[ServiceDescriptor, ...], keyed: tuple[str, ...]) -> dict[str, Any]:
    safe = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS or method.name in keyed
    ]
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
    }
    if safe:
        policy = {
            "maxAttempts": 3,
            "initialBackoff": "0.05s",
            "maxBackoff": "0.5s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        }
        config["methodConfig"] = [{"name": safe, "retryPolicy": policy}]
    return config
