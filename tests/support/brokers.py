"""Three Kafka brokers, as production has them: a record is acknowledged once two of its three copies are written.

The nodes are those of `make run`, with less memory each. Nobody starts a killed one again but the test.
"""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local import process
from deploy.local.backing.kafka import Kafka, Node
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import free_base

COPIES = 3
IDS = range(1, COPIES + 1)
READY_SECONDS = 90.0
WHOLE_SECONDS = 60.0
HEAP = ("-Xmx192m",)


class Brokers:
    def __init__(self, home: Home) -> None:
        base = free_base(range(2 * COPIES))
        self._home = home
        self._nodes = {id: Node(id, base + id - 1, base + COPIES + id - 1) for id in IDS}
        self._kafka = Kafka(home, list(self._nodes.values()), options=HEAP)
        self._parts: dict[int, Part] = dict(zip(IDS, self._kafka.parts(), strict=True))
        self._running: dict[int, process.Child] = {}

    @property
    def bootstrap(self) -> str:
        return self._kafka.bootstrap()

    @property
    def environ(self) -> dict[str, str]:
        """What a process is told that is to use them."""
        return {"KAFKA_BOOTSTRAP": self.bootstrap, "KAFKA_REPLICATION": str(COPIES)}

    def log(self, id: int) -> Path:
        return self._kafka.log(self._nodes[id])

    def start(self, *ids: int) -> None:
        """Returns once all of these answer: each has joined the cluster by then."""
        asyncio.run(self._start(ids))

    def kill(self, *ids: int) -> None:
        """SIGKILL, and they stay away."""
        for id in ids:
            self._running.pop(id).kill()

    @contextmanager
    def stopped(self, id: int) -> Iterator[None]:
        """It keeps its port and its connections for the time of the block, and answers nothing."""
        os.kill(self._running[id].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._running[id].pid, signal.SIGCONT)

    def wipe(self, id: int) -> None:
        shutil.rmtree(self.log(id))

    def segment(self, topic: str, partition: int) -> bytes:
        """The first file of a partition's log as it lies on one of the brokers; empty until it has come there."""
        file = self.log(IDS[0]) / f"{topic}-{partition}" / f"{0:020}.log"
        return file.read_bytes() if file.exists() else b""

    def end(self) -> None:
        self.kill(*self._running)

    def until_whole(self) -> float:
        """Until every partition has all its copies in sync again; answers the seconds that it took."""
        began = time.monotonic()
        asyncio.run(self._whole())
        return time.monotonic() - began

    async def _start(self, ids: Sequence[int]) -> None:
        for id in ids:
            part = self._parts[id]
            assert part.prepare is not None
            await part.prepare()
            self._running[id] = process.spawn(part, self._home)
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.gather(*(self._answers(id) for id in ids))

    async def _answers(self, id: int) -> None:
        part = self._parts[id]
        assert part.healthy is not None
        while True:
            try:
                return await part.healthy()
            except (OSError, EOFError):
                code = self._running[id].exit_code()
                assert code is None, process.failure(part.name, f"exited with code {code}", self._home)
                await asyncio.sleep(0.1)

    async def _whole(self) -> None:
        async with asyncio.timeout(WHOLE_SECONDS):
            while not await self._is_whole():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)

    async def _is_whole(self) -> bool:
        try:
            topics = await described(self.bootstrap)
        except (KafkaError, OSError):
            return False
        return all(len(each["isr"]) == COPIES for topic in topics for each in topic["partitions"])


async def described(bootstrap: str) -> list[dict[str, Any]]:
    """Every topic as the brokers have it: name, and of each partition its leader, its copies and those in sync."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        return list(await admin.describe_topics())
    finally:
        await admin.close()


@contextmanager
def three_brokers() -> Iterator[Brokers]:
    with tempfile.TemporaryDirectory(prefix="soundstage-brokers-") as folder:
        brokers = Brokers(Home.open(folder))
        try:
            brokers.start(*IDS)
            yield brokers
        finally:
            brokers.end()
