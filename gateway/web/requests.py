"""A request as handlers see it: read lazily, every part bounded."""

import re
from asyncio import timeout
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from chassis.principal import ANONYMOUS, Principal
from gateway.web.faults import ClientGone, Malformed, TooLarge

if TYPE_CHECKING:
    from gateway.limits import Standing

MOST_JSON_BYTES = 1024 * 1024
MOST_PARAMETERS = 100
# A client that stops in the middle of a body is let go.
BODY_PAUSE_SECONDS = 30.0

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


class Request:
    __slots__ = (
        "_headers",
        "_query",
        "_receive",
        "address",
        "ended",
        "method",
        "params",
        "path",
        "principal",
        "scope",
        "standing",
    )

    def __init__(self, scope: Any, receive: Any, address: str) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        # As sent, so that %2F stays inside its segment.
        self.path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        self.params: dict[str, str] = {}
        self.principal: Principal = ANONYMOUS
        self.address = address
        self.standing: Standing | None = None
        self.ended = False
        self._receive = receive
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._query: dict[str, str] | None = None

    def header(self, name: bytes) -> str | None:
        """The first header of this lower-case name."""
        for key, value in self._headers:
            if key == name:
                return value.decode("latin-1")
        return None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one the last."""
        if self._query is None:
            self._query = _parsed(self.scope["query_string"])
        return self._query

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when missing."""
        return (self.header(b"content-type") or "").split(";", 1)[0].strip().lower()

    @property
    def origin(self) -> str:
        """Scheme and host that the client used, for absolute links; empty when it named no usable host."""
        host = self.header(b"host") or ""
        return f"{self.scope['scheme']}://{host}" if _HOST.fullmatch(host) else ""

    async def body(self, most_bytes: int = MOST_JSON_BYTES) -> bytes:
        """The whole body; TooLarge before more than `most_bytes` are kept."""
        self.refuse_longer_than(most_bytes)
        parts, size = [], 0
        async for part in self.stream():
            size += len(part)
            if size > most_bytes:
                raise TooLarge()
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def refuse_longer_than(self, most_bytes: int) -> None:
        """TooLarge when Content-Length already says so."""
        declared = self.header(b"content-length")
        if declared is not None and declared.isdigit() and int(declared[:20]) > most_bytes:
            raise TooLarge()

    async def stream(self) -> AsyncIterator[bytes]:
        """The body as it arrives; ClientGone when the client goes or stops sending."""
        while not self.ended:
            try:
                async with timeout(BODY_PAUSE_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                raise ClientGone() from None
            if message["type"] == "http.disconnect":
                raise ClientGone()
            self.ended = not message.get("more_body", False)
            if part := message.get("body", b""):
                yield part

    async def gone(self) -> None:
        """Returns when the client has gone; for those who stream an answer."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _parsed(query_string: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query_string.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:  # not UTF-8, or too many
        raise Malformed("The query string is malformed") from None
    return dict(pairs)
