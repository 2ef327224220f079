"""Readers and players at a steady rate while something happens, and what each was told.

Open loop: a request falls due at its moment, whether or not the one before it was answered.
"""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.chaos.ledger import Ledger
from tests.chaos.writers import Listener, Writer
from tests.support.loadgen import UNKNOWN, Connection, request

CLIENTS = 32
# Clients come and go, so that new gateways are found.
REQUESTS_A_CONNECTION = 25
ENDLESS = 1_000_000


class Read(NamedTuple):
    what: str
    sent: bytes

    @classmethod
    def of(cls, what: str, path: str, token: str) -> "Read":
        return cls(what, request("GET", path, headers={"Authorization": f"Bearer {token}"}))


class Told(NamedTuple):
    """`at` and `seconds` count from the moment when the request fell due."""

    what: str
    at: float
    status: int
    seconds: float


@dataclass(repr=False)
class Readers:
    """`per_second` requests in turn from `reads`, until told to stop."""

    url: str
    reads: Sequence[Read]
    per_second: float
    told: list[Told] = field(default_factory=list)
    stopped: bool = False

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        due: asyncio.Queue[tuple[float, Read] | None] = asyncio.Queue()
        clients = [asyncio.create_task(self._client(due)) for _ in range(CLIENTS)]
        moment = time.monotonic()
        for read in itertools.cycle(self.reads):
            moment += 1 / self.per_second
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            if self.stopped:
                break
            due.put_nowait((moment, read))
        for _ in clients:
            due.put_nowait(None)
        await asyncio.gather(*clients)

    async def _client(self, due: "asyncio.Queue[tuple[float, Read] | None]") -> None:
        connection, used = None, 0
        while (next_one := await due.get()) is not None:
            moment, read = next_one
            if connection is None or not connection.is_open or used >= REQUESTS_A_CONNECTION:
                connection, used = await self._connected(connection), 0
            status = (await connection.ask(read.sent))[0] if connection else UNKNOWN
            used += 1
            self.told.append(Told(read.what, moment, status, time.monotonic() - moment))
        if connection:
            connection.close()

    async def _connected(self, old: Connection | None) -> Connection | None:
        if old:
            old.close()
        address = urlsplit(self.url)
        try:
            return await Connection.to((str(address.hostname), address.port or 80))
        except OSError:
            return None


class Load:
    """`with Load(...) as load:` lasts as long as the block; afterwards `told` and `ledger` are whole."""

    def __init__(
        self,
        url: str,
        reads: Sequence[Read],
        listeners: Sequence[Listener],
        track_ids: Sequence[str],
        *,
        reads_per_second: float = 80.0,
        plays_per_second: float = 20.0,
    ) -> None:
        self._readers = Readers(url, reads, reads_per_second)
        each = plays_per_second / len(listeners)
        self._writers = [
            Writer(url, one, track_ids, plays=ENDLESS, end=float("inf"), per_second=each) for one in listeners
        ]
        self._threads = [threading.Thread(target=self._readers.run, daemon=True), *self._writers]

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._readers.stopped = True
        for writer in self._writers:
            writer.end = 0.0
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    @property
    def told(self) -> list[Told]:
        return self._readers.told

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(writer.ledger for writer in self._writers)

    @property
    def statuses(self) -> Counter[int]:
        """Of every request, repeats of plays too; 0 is no answer."""
        plays = (status for attempt in self.ledger.attempts for status in attempt.statuses)
        return Counter(told.status for told in self.told) + Counter(plays)

    def others(self) -> dict[str, int]:
        """What was not a success, as "what status": how often."""
        plays = (("play", status) for attempt in self.ledger.attempts for status in attempt.statuses)
        all_told = itertools.chain(((told.what, told.status) for told in self.told), plays)
        return dict(Counter(f"{what} {status}" for what, status in all_told if status != 200))

    def is_well(self) -> bool:
        """Whether each kind of read was answered of late, and none failed."""
        return all(told.status == 200 for told in self.told[-2 * len(self._readers.reads) :])

    def last_failure(self) -> float:
        """When the last read that failed was answered, on the monotonic clock; 0 when none did."""
        return max((told.at + told.seconds for told in self.told if told.status != 200), default=0.0)

    def percentile(self, percent: float) -> float:
        """Seconds within which that share of the reads was answered."""
        ordered = sorted(told.seconds for told in self.told)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
