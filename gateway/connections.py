"""uvicorn's HTTP protocol with what it lacks: time limits, and caps on connections (docs/decisions/0015).

A client has HEAD_SECONDS for the head of a request. A body that it sends, and an answer that it reads, must move by a
few bytes a second; players that buffer ahead pause for longer than senders do. Who is slower is cut off, so that slow
clients hold nothing for ever.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis import telemetry
from gateway.addresses import holders, is_among
from gateway.config import Network

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024
SENT_SECONDS, SENT_BYTES_PER_SECOND = 20.0, 1_000
READ_SECONDS, READ_BYTES_PER_SECOND = 60.0, 4_000
WATCH_SECONDS = 2.0


@dataclass
class Crowd:
    """All open connections. Those of trusted proxies have no cap of an address: they carry everybody."""

    most: int
    most_of_address: int
    proxies: Sequence[Network] = ()
    open: "set[Connection]" = field(default_factory=set)
    _of_address: Counter[str] = field(default_factory=Counter)

    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """What uvicorn makes for each connection."""
        return partial(Connection, self)

    def enter(self, connection: "Connection") -> bool:
        """Whether there is room for it."""
        self.open.add(connection)
        self._of_address[connection.holder] += 1
        has_room = is_among(connection.address, self.proxies) or (
            self._of_address[connection.holder] <= self.most_of_address
        )
        return len(self.open) <= self.most and has_room

    def leave(self, connection: "Connection") -> None:
        if connection in self.open:
            self.open.remove(connection)
            self._of_address[connection.holder] -= 1
            if not self._of_address[connection.holder]:
                del self._of_address[connection.holder]

    async def run(self, stop: asyncio.Event) -> None:
        """Cuts off who is too slow, until stopped."""
        before = monotonic()
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)
            except TimeoutError:
                before, passed = monotonic(), monotonic() - before
                for connection in list(self.open):
                    connection.watch(passed)


class Connection(HttpToolsProtocol):
    def __init__(self, crowd: Crowd, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._crowd = crowd
        self._head_since: float | None = monotonic()
        self._head_bytes = 0
        self._sent = _Pace(SENT_SECONDS, SENT_BYTES_PER_SECOND)
        self._read = _Pace(READ_SECONDS, READ_BYTES_PER_SECOND)
        self._received_bytes = self._unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else "unknown"
        self.holder = holders(self.address)[0]
        if not self._crowd.enter(self):
            self._cut("crowd")

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received_bytes += len(data)
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_since is not None and self._head_bytes > MAX_HEAD_BYTES:
            self._cut("head")

    def on_message_begin(self) -> None:
        self._head_since, self._head_bytes = monotonic(), 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_since = None
        super().on_headers_complete()

    def watch(self, passed: float) -> None:
        """Called every some seconds; `passed` is how many."""
        if self._head_since is not None and monotonic() - self._head_since > HEAD_SECONDS:
            self._cut("head")
            return
        received, self._received_bytes = self._received_bytes, 0
        is_sending = self.cycle is not None and self.cycle.more_body and not self.flow.read_paused
        if self._sent.is_too_slow(is_sending, received, passed):
            self._cut("body")
            return
        # More in the buffer than before is a new answer: the one before it has left.
        before, self._unread_bytes = self._unread_bytes, self.transport.get_write_buffer_size()
        read = before - self._unread_bytes if self._unread_bytes <= before else before
        if self._read.is_too_slow(bool(before and self._unread_bytes), read, passed):
            self._cut("answer")

    def _cut(self, kind: str) -> None:
        telemetry.CONNECTIONS_CUT.labels(kind).inc()
        self.transport.abort()


@dataclass
class _Pace:
    """How long something has been slower than it may be."""

    patience_seconds: float
    bytes_per_second: float
    slow_seconds: float = 0.0

    def is_too_slow(self, is_moving: bool, moved_bytes: int, passed: float) -> bool:
        is_slow = is_moving and moved_bytes < self.bytes_per_second * passed
        self.slow_seconds = self.slow_seconds + passed if is_slow else 0.0
        return self.slow_seconds > self.patience_seconds
