"""Kafka's log, read without a group: where its partitions end, and what lies between two places."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.errors import Unavailable
from chassis.events import Record

BATCH = 5000

# By topic and partition: the offset of the next record.
Places = dict[tuple[str, int], int]


class Log:
    def __init__(self, bootstrap: str, topics: Sequence[str]) -> None:
        self._bootstrap = bootstrap
        self._topics = topics

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["OpenLog"]:
        """Raises Unavailable when Kafka is down."""
        consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        try:
            await consumer.start()
            partitions = sorted(consumer.assignment())
            if missing := set(self._topics) - {partition.topic for partition in partitions}:
                raise Unavailable(f"Kafka has no topic {', '.join(sorted(missing))}")
            # Assigned to list the partitions; nothing is fetched before the start offset is known.
            consumer.unsubscribe()
            yield OpenLog(consumer, partitions)
        except (KafkaError, OSError) as fault:
            raise Unavailable("Kafka is away") from fault
        finally:
            with suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 3.0)


class OpenLog:
    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    async def ends(self) -> Places:
        ends = await self._consumer.end_offsets(self._partitions)
        return {(p.topic, p.partition): end for p, end in ends.items()}

    async def between(self, first: Mapping[tuple[str, int], int], after: Places) -> AsyncIterator[list[Record]]:
        """The records from `first` up to, but not including, `after`, in lists of one partition each."""
        left = {TopicPartition(*key): end for key, end in after.items() if first.get(key, 0) < end}
        if not left:
            return
        self._consumer.assign(list(left))
        for partition in left:
            self._consumer.seek(partition, first.get((partition.topic, partition.partition), 0))
        while left:
            for partition, messages in (await self._consumer.getmany(timeout_ms=500, max_records=BATCH)).items():
                if wanted := [Record.of(m) for m in messages if m.offset < left[partition]]:
                    yield wanted
            for partition in list(left):
                # The position also advances over deleted records and transaction markers.
                if await self._consumer.position(partition) >= left[partition]:
                    del left[partition]
                    self._consumer.pause(partition)
