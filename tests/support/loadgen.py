"""A small HTTP/1.1 load generator: it must cost less than what it measures, so it reads the least it can.

`closed`: each client sends its next request when the last is answered: how much is done in a time.
`paced`: requests fall due at a fixed rate and wait if they must: what a waiting time feels like under a load.
`once`: each of some requests, one at a time: how long each kind takes alone.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# No status: the connection ended before an answer, so nobody knows whether the request was done.
UNKNOWN = 0
ANSWER_SECONDS = 30.0

Address = tuple[str, int]
NextRequest = Callable[[], bytes]


@dataclass
class Outcome:
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    body_bytes: int = 0
    seconds: float = 0.0

    @property
    def succeeded(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def others(self) -> dict[int, int]:
        """What was not a success, by status; 0 is no answer."""
        return {status: count for status, count in self.statuses.items() if not 200 <= status < 300}

    @property
    def per_second(self) -> float:
        return self.succeeded / self.seconds if self.seconds else 0.0

    @property
    def megabytes_per_second(self) -> float:
        return self.body_bytes / self.seconds / 1e6 if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """Seconds within which that share was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


class Connection(asyncio.Protocol):
    """One kept-alive connection with one request under way. Answers must say their length."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, int]] | None = None
        self._received = bytearray()
        self._body_left = -1
        self._status, self._body_bytes = UNKNOWN, 0
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def to(cls, address: Address) -> "Connection":
        _, connection = await asyncio.get_running_loop().create_connection(cls, *address)
        return connection

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> tuple[int, int]:
        """Status and length of the body; (UNKNOWN, 0) when the connection ended or nothing came."""
        if self._transport is None or not self.is_open:
            return UNKNOWN, 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await asyncio.wait_for(self._answer, ANSWER_SECONDS)
        except TimeoutError:
            self.close()
            return UNKNOWN, 0

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, so this cannot be asked for.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(UNKNOWN, 0)

    def data_received(self, data: bytes) -> None:
        if self._body_left < 0:
            self._received += data
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begin(bytes(self._received[:end]), len(self._received) - end - 4)
        else:
            self._body_left -= len(data)
        if self._body_left <= 0:
            self._body_left = -1
            self._settle(self._status, self._body_bytes)

    def _begin(self, head: bytes, body_received: int) -> None:
        length = LENGTH.search(head)
        self._status, self._body_bytes = int(head[9:12]), int(length[1]) if length else 0
        self._body_left = self._body_bytes - body_received
        self._received.clear()

    def _settle(self, status: int, body_bytes: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, body_bytes))


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request; made once, sent often."""
    lines = {"Host": "127.0.0.1", **(headers or {})}
    if body:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def closed(address: Address, next_request: NextRequest, *, clients: int, seconds: float) -> Outcome:
    """`clients` connections at work for `seconds`; what is under way then is waited for and counted."""
    outcome, started = Outcome(), perf_counter()

    async def client() -> None:
        connection = await Connection.to(address)
        while perf_counter() - started < seconds:
            if not connection.is_open:
                connection = await Connection.to(address)
            await _one(connection, next_request(), perf_counter(), outcome)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    outcome.seconds = perf_counter() - started
    return outcome


async def paced(
    address: Address, next_request: NextRequest, *, per_second: float, seconds: float, clients: int
) -> Outcome:
    """A request falls due every 1/`per_second`; its time counts from then on, also while all `clients` are at work."""
    outcome, started = Outcome(), perf_counter()
    due: asyncio.Queue[float | None] = asyncio.Queue()

    async def client() -> None:
        connection = await Connection.to(address)
        while (moment := await due.get()) is not None:
            if not connection.is_open:
                connection = await Connection.to(address)
            await _one(connection, next_request(), moment, outcome)
        connection.close()

    working = [asyncio.create_task(client()) for _ in range(clients)]
    for number in range(int(per_second * seconds)):
        moment = started + number / per_second
        await asyncio.sleep(max(0.0, moment - perf_counter()))
        due.put_nowait(moment)
    for _ in working:
        due.put_nowait(None)
    await asyncio.gather(*working)
    outcome.seconds = perf_counter() - started
    return outcome


async def once(address: Address, requests: Iterable[bytes]) -> Outcome:
    """Each of these, one after the other."""
    outcome, started, connection = Outcome(), perf_counter(), await Connection.to(address)
    for sent in requests:
        if not connection.is_open:
            connection = await Connection.to(address)
        await _one(connection, sent, perf_counter(), outcome)
    connection.close()
    outcome.seconds = perf_counter() - started
    return outcome


async def _one(connection: Connection, sent: bytes, due: float, outcome: Outcome) -> None:
    status, body_bytes = await connection.ask(sent)
    outcome.statuses[status] += 1
    outcome.body_bytes += body_bytes
    outcome.latencies.append(perf_counter() - due)
