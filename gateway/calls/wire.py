"""What the modules beside this one share: a typed call, and how a thing is named on the wire."""

from typing import TypeVar

from grpc.aio import UnaryUnaryMultiCallable
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import client
from chassis.principal import Principal

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


async def ask(
    method: UnaryUnaryMultiCallable[_Request, _Response], request: _Request, *, caller: Principal | None = None
) -> _Response:
    """The answer; raises what the service raised, Unavailable when it is away or late."""
    answer: _Response = await client.call(method, request, caller=caller)
    return answer


def ref(name: str | int) -> Ref:
    """A thing by its UUID or by its number."""
    return Ref(number=name) if isinstance(name, int) else Ref(id=name)


def page(number: int, limit: int) -> Page:
    """Page `number` (from 1) of pages of `limit`."""
    return Page(offset=(number - 1) * limit, limit=limit)
