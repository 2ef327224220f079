"""Starlette's request, every part bounded, with what the border adds: caller, address and limits."""

import re
from asyncio import timeout
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl

from starlette import requests
from starlette.datastructures import QueryParams
from starlette.types import Message, Receive, Scope

from chassis.errors import Unavailable
from chassis.principal import ANONYMOUS, Principal
from gateway.addresses import Client
from gateway.web.faults import Malformed, TooLarge

if TYPE_CHECKING:
    from gateway.limits import Standing

MAX_JSON_BYTES = 1024 * 1024
MAX_PARAMETERS = 100
# A client that stops in the middle of a body is cut off, and so is one that takes long for a body that is read whole.
BODY_PAUSE_SECONDS = 30.0
BODY_SECONDS = 20.0
# Of all bodies that are being read whole.
MAX_HELD_BYTES = 64 * 1024 * 1024

_HOST = re.compile(r"[A-Za-z0-9._\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


class Request(requests.Request):
    """`stream()` and `body()` raise ClientDisconnect when the client leaves, Malformed when it stops sending."""

    principal: Principal = ANONYMOUS
    standing: "Standing | None" = None
    held_bytes: ClassVar[int] = 0

    def __init__(self, scope: Scope, receive: Receive, client: Client) -> None:
        # Not a bound method: a request in a reference cycle waits for the garbage collector, a fifth more CPU.
        super().__init__(scope, partial(_in_time, receive))
        self.address = client.address
        self._is_proxied = client.is_proxied
        # As sent, so that %2F stays inside its segment.
        self.path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")

    @property
    def query_params(self) -> QueryParams:
        """The last value of a repeated one. Malformed where Starlette is lenient: not UTF-8, or too many."""
        if not hasattr(self, "_query_params"):
            self._query_params = QueryParams(_pairs(self.scope["query_string"]))
        return self._query_params

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when missing."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    @property
    def origin(self) -> str:
        """The scheme and host that the client used, for absolute links; empty without a usable host."""
        scheme = self._forwarded("proto").lower()
        host = self._forwarded("host") or self.headers.get("host", "")
        scheme = scheme if scheme in ("http", "https") else self.scope["scheme"]
        return f"{scheme}://{host}" if _HOST.fullmatch(host) else ""

    async def body(self, max_bytes: int = MAX_JSON_BYTES) -> bytes:
        """The whole body, once. TooLarge before more than `max_bytes` are kept, Unavailable if others fill memory."""
        self.refuse_longer_than(max_bytes)
        whole = bytearray()
        try:
            async with timeout(BODY_SECONDS):
                async for part in self.stream():
                    whole += part
                    Request.held_bytes += len(part)
                    if len(whole) > max_bytes:
                        raise TooLarge()
                    if Request.held_bytes > MAX_HELD_BYTES:
                        raise Unavailable(retry_after_seconds=1)
        except TimeoutError:
            raise Malformed("The body took too long to arrive") from None
        finally:
            Request.held_bytes -= len(whole)
        return bytes(whole)

    def _forwarded(self, what: str) -> str:
        """What the nearest proxy says of the client's request, if that proxy is trusted."""
        said = self.headers.getlist(f"x-forwarded-{what}") if self._is_proxied else []
        return said[-1].rpartition(",")[2].strip() if said else ""

    def refuse_longer_than(self, max_bytes: int) -> None:
        """TooLarge if Content-Length says so."""
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > max_bytes:
            raise TooLarge()


async def _in_time(receive: Receive) -> Message:
    try:
        async with timeout(BODY_PAUSE_SECONDS):
            return await receive()
    except TimeoutError:
        raise Malformed("The body stopped arriving") from None


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:  # not UTF-8, or too many
        raise Malformed("The query string is malformed") from None
