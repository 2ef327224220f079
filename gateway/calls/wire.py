"""A typed call to a service, and how the messages name things and pages."""

from collections.abc import AsyncIterator
from typing import TypeVar

from grpc.aio import StreamUnaryMultiCallable, UnaryUnaryMultiCallable
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import client
from chassis.principal import Principal

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


async def ask(
    method: UnaryUnaryMultiCallable[_Request, _Response],
    request: _Request,
    *,
    caller: Principal | None = None,
    timeout_seconds: float = client.DEFAULT_TIMEOUT_SECONDS,
) -> _Response:
    """Calls `method` as the request's caller, in the time it has left.

    Raises what the service raised, and Unavailable when it is down or late.
    """
    answer: _Response = await client.call(method, request, caller=caller, timeout_seconds=timeout_seconds)
    return answer


async def send(
    method: StreamUnaryMultiCallable[_Request, _Response], requests: AsyncIterator[_Request], *, timeout_seconds: float
) -> _Response:
    """As `ask`, for a stream of messages; cancelling this cancels the call, and the service keeps nothing."""
    answer: _Response = await client.call(method, requests, timeout_seconds=timeout_seconds)
    return answer


def ref(name: str | int) -> Ref:
    """A thing by its UUID or by its number."""
    return Ref(number=name) if isinstance(name, int) else Ref(id=name)


def page(number: int, limit: int) -> Page:
    """Page `number` (from 1) of pages of `limit`."""
    return Page(offset=(number - 1) * limit, limit=limit)
