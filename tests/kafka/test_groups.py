"""Consumers of one group that come and go, and a topic that is longer than what one poll returns."""

import asyncio
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest
from aiokafka import TopicPartition

from chassis import migrate
from chassis.events import Record, Topic
from chassis.ids import new_id
from chassis.inbox import MAX_BATCH, Consumer
from chassis.outbox import Relay
from chassis.postgres import Connection, Database
from chassis.sinks import ExactlyOnceSink
from deploy.local.process import following
from tests.chaos import evidence
from tests.integration.chassis.road import event, running
from tests.kafka import taker
from tests.kafka.conftest import Measured
from tests.support.brokers import Brokers
from tests.support.servers import REPOSITORY, Servers
from tests.support.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.short

EACH_TIME = 2_000
TAKEN = "SELECT count(DISTINCT id) FROM taken"
TAKEN_TWICE = "SELECT partition, place FROM taken GROUP BY 1, 2 HAVING count(*) > 1"
TAKERS = "SELECT count(DISTINCT taker) FROM taken WHERE taker = ANY($1::int[])"

Start = Callable[[], "subprocess.Popen[bytes]"]


async def made(backing: Servers, partitions: int) -> Topic:
    topic = Topic(f"test.{new_id().hex}.v1", partitions=partitions)
    await migrate.make_topics(backing.kafka_bootstrap, [topic], backing.kafka_replication)
    return topic


class Road:
    """Events go in at one end in portions; at the other all of them must have come, each record once."""

    def __init__(self, db: Database, topic: Topic) -> None:
        self._db, self._topic, self._added = db, topic, 0

    async def add(self, count: int = EACH_TIME) -> None:
        async with self._db.transaction() as conn:
            await self._db.add_events(conn, [event(self._topic, f"{n}") for n in range(count)])
        self._added += count

    async def came(self) -> bool:
        async with self._db.connection() as conn:
            return int(await conn.fetchval(TAKEN)) == self._added

    async def published(self) -> bool:
        async with self._db.connection() as conn:
            return not await conn.fetchval(evidence.WAITING)

    async def takers(self, *processes: "subprocess.Popen[bytes]") -> int:
        async with self._db.connection() as conn:
            return int(await conn.fetchval(TAKERS, [process.pid for process in processes]))

    async def until_all_came(self) -> float:
        began = time.monotonic()
        await until(self.came)
        async with self._db.connection() as conn:
            assert not await conn.fetch(TAKEN_TWICE)
        return time.monotonic() - began


@pytest.fixture
async def taken(db: Database) -> Database:
    async with db.connection() as conn:
        await conn.execute(taker.TABLE)
    return db


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


async def test_three_consumers_come_and_go(
    taken: Database, backing: Servers, group: str, processes: ExitStack, measured: list[Measured]
) -> None:
    topic = await made(backing, 6)
    road = Road(taken, topic)

    def start() -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "tests.kafka.taker", taken.url, backing.kafka_bootstrap, group, topic.name]
        process = subprocess.Popen(following(argv), cwd=REPOSITORY)
        processes.callback(process.wait)
        processes.callback(process.kill)
        return process

    async def note(what: str) -> None:
        measured.append(Measured("three consumers of one group", what, await road.until_all_came()))

    async with running(Relay(taken, backing.kafka_bootstrap)):
        first, second, third = start(), start(), start()

        async def all_take() -> bool:
            await road.add(60)
            return await road.takers(first, second, third) == 3

        await until(all_take)
        await road.add()
        await note("all three take")
        second.kill()
        await road.add()
        await note("one killed, two go on")
        start()
        first.terminate()
        await road.add()
        await note("one ended, one came")
        assert await asyncio.to_thread(first.wait, 10) == 0
        third.send_signal(signal.SIGSTOP)
        await road.add()
        await note("one sleeps, the other goes on")
        third.send_signal(signal.SIGCONT)  # what it does on waking is fenced off
        await road.add()
        await note("it wakes")


class Slow(ExactlyOnceSink):
    """Its first batch stays in hand until it has been asked twice where to go on."""

    def __init__(self, db: Database, group: str) -> None:
        super().__init__(db, group, self._take)
        self.is_taking, self._asked, self._joined_again = asyncio.Event(), 0, asyncio.Event()

    async def positions(self, cluster_id: str) -> dict[TopicPartition, int] | None:
        places = await super().positions(cluster_id)
        self._asked += 1
        if self._asked > 1:
            self._joined_again.set()
        return places

    async def _take(self, conn: Connection, records: Sequence[Record]) -> None:
        self.is_taking.set()
        await self._joined_again.wait()
        await taker.take(conn, records)


async def test_joining_again_with_a_batch_in_hand(taken: Database, backing: Servers, group: str) -> None:
    """Kafka sends the batch again, as it was not applied when the place was asked for."""
    topic = await made(backing, 2)
    road, slow = Road(taken, topic), Slow(taken, group)
    other = ExactlyOnceSink(taken, group, taker.take)
    await road.add(200)
    async with running(Relay(taken, backing.kafka_bootstrap)):
        await until(road.published)
    async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], slow)):
        await asyncio.wait_for(slow.is_taking.wait(), PATIENCE_SECONDS)
        async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], other)):
            await road.until_all_came()
            async with running(Relay(taken, backing.kafka_bootstrap)):
                await road.add(200)
                await road.until_all_came()


async def test_a_topic_is_longer_than_a_poll(taken: Database, backing: Servers, group: str) -> None:
    """All of it, in order, in pieces."""
    topic = await made(backing, 1)
    road, pieces = Road(taken, topic), list[int]()

    async def take(conn: Connection, records: Sequence[Record]) -> None:
        pieces.extend([len(records)])
        await taker.take(conn, records)

    async with running(Relay(taken, backing.kafka_bootstrap)):
        await road.add(3 * MAX_BATCH)
        await until(road.published)
    async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(taken, group, take))):
        await road.until_all_came()
    assert max(pieces) <= MAX_BATCH
    assert len(pieces) >= 3


async def test_the_producer_is_idempotent(taken: Database, backing: Servers, brokers: Brokers) -> None:
    """Every batch in the log bears the id of its producer, by which a broker knows one that was sent again."""
    topic = await made(backing, 1)
    road = Road(taken, topic)
    await road.add(10)

    async def written() -> bool:
        return bool(brokers.segment(topic.name, 0))

    async with running(Relay(taken, backing.kafka_bootstrap)):
        await until(written)
    producers = set(producers_of(brokers.segment(topic.name, 0)))
    assert producers
    assert -1 not in producers


def producers_of(segment: bytes) -> Iterator[int]:
    """https://kafka.apache.org/documentation/#recordbatch: the length at 8, the producer's id at 43."""
    at = 0
    while at < len(segment):
        yield struct.unpack_from(">q", segment, at + 43)[0]
        at += 12 + struct.unpack_from(">i", segment, at + 8)[0]
