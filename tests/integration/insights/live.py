"""Insights on the real broker: topic, group and dead letters of a test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from aiokafka import AIOKafkaProducer
from google.protobuf.message import Message

from chassis import migrate
from chassis.events import Topic
from chassis.ids import new_id
from chassis.inbox import Consumer
from chassis.sinks import ExactlyOnceSink
from services.insights import wiring
from services.insights.consumers import Counter
from services.insights.log import Log
from services.insights.rebuild.domain import Rebuild, Report
from tests.integration.insights.history import event
from tests.integration.insights.system import System
from tests.support.servers import Servers
from tests.support.waiting import until


class Live:
    """The counting consumer on a topic and in a group of its own, and a rebuild beside it."""

    def __init__(self, system: System, backing: Servers, stack: AsyncExitStack) -> None:
        self.system, self._kafka, self._replication = system, backing.kafka_bootstrap, backing.kafka_replication
        self.topic = Topic(f"test.{new_id().hex}.v1", partitions=3)
        self.group = f"test-{new_id().hex}"
        self.log = Log(self._kafka, [self.topic.name])
        self.rebuild: Rebuild = replace(
            wiring.build_rebuild(system.settings, stack),
            log=self.log,
            consumer=self.group,
            patience_seconds=10.0,
        )

    @property
    def dead_letters(self) -> str:
        return f"soundstage.dead.{self.group}.v1"

    async def begin(self) -> None:
        topics = [self.topic, Topic(self.dead_letters, partitions=1)]
        await migrate.make_topics(self._kafka, topics, self._replication)

    async def publish(self, *messages: Message) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._kafka)
        await producer.start()
        try:
            for message in messages:
                told = event(message)
                headers = told.headers()
                await producer.send(self.topic.name, told.payload, key=told.key.encode(), headers=headers)
            await producer.flush()
        finally:
            await producer.stop()

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        counter = Counter(counts_unauthenticated=True)
        sink = ExactlyOnceSink(self.system.database, self.group, counter.apply, counter.kept_at)
        stop = asyncio.Event()
        task = asyncio.create_task(Consumer(self._kafka, self.group, [self.topic.name], sink).run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def counted(self, plays: int) -> None:
        await until(lambda: self.system.value("SELECT count(*) >= $1 FROM plays", plays))

    async def caught_up(self) -> None:
        """Until the consumer has met everything in the topic."""
        async with self.log.opened() as opened:
            ends = await opened.ends()
        sql = "SELECT coalesce(sum(next), 0) >= $1 FROM consumer_offsets"
        await until(lambda: self.system.value(sql, sum(ends.values())))

    async def run(self, *, swaps: bool) -> Report:
        return await self.rebuild.run(swaps=swaps)
