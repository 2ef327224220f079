"""Consumers. A message is applied, set aside as a dead letter, or redelivered after a crash. Offsets move last."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from chassis import dead_letters, telemetry
from chassis.dead_letters import PERMANENT, Guard
from chassis.events import MAX_RECORD_BYTES, Record
from chassis.outbox import cluster_id
from chassis.sinks import Sink

# How many records are taken at once: as many as are applied in about a second, so that no turn comes near MAX_TURN_MS,
# after which a member leaves its group.
FIRST_BATCH, MAX_BATCH = 125, 2000
MAX_TURN_MS = 60_000
POLL_SECONDS = BACKOFF_SECONDS = 1.0
STALLED_SECONDS = 30.0
# How long a vanished member delays the rebalance; brokers accept no less by default.
SESSION_MS, HEARTBEAT_MS = 6_000, 2_000
# When to give up on a half-open connection, instead of aiokafka's 40 s. Joining may take a session timeout.
REQUEST_MS = SESSION_MS + 1_000
# How soon we notice a topic that was created after we joined, instead of five minutes.
METADATA_MS = 5_000

log = telemetry.logger(__name__)


@dataclass
class Consumer:
    """A role: consumes `topics` as a member of `group` and passes records to `sink`, until stopped."""

    bootstrap: str
    group: str
    topics: Sequence[str]
    sink: Sink
    measured: set[TopicPartition] = field(default_factory=set)
    guard: Guard = field(default_factory=Guard)

    async def run(self, stop: asyncio.Event) -> None:
        for topic in self.topics:  # start at 0, or the first one would not show as an increase
            telemetry.DEAD_LETTERS.labels(self.group, topic)
            telemetry.CONSUMED.labels(self.group, topic)
        while not stop.is_set():
            try:
                await _Session(self).run(stop)
            except Exception as fault:
                log.warning("inbox.interrupted", group=self.group, fault=repr(fault))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BACKOFF_SECONDS)


class _Session(ConsumerRebalanceListener):  # type: ignore[misc]
    """One membership in the group, from joining to the first error."""

    def __init__(self, consumer: Consumer) -> None:
        self._of = consumer
        self._places: dict[TopicPartition, int] = {}
        self._progressed_at = monotonic()
        self._fault: Exception | None = None
        self._most = FIRST_BATCH

    async def run(self, stop: asyncio.Event) -> None:
        self._kafka = AIOKafkaConsumer(
            bootstrap_servers=self._of.bootstrap,
            group_id=self._of.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=MAX_TURN_MS,
            fetch_max_wait_ms=100,
            request_timeout_ms=REQUEST_MS,
            metadata_max_age_ms=METADATA_MS,
        )
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._of.bootstrap,
            acks="all",
            enable_idempotence=True,
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=REQUEST_MS,
        )
        try:
            await self._kafka.start()
            self._kafka.subscribe(list(self._of.topics), listener=self)
            await self._producer.start()
            await self._consume(stop)
        finally:
            for part in (self._kafka, self._producer):
                with suppress(Exception):
                    await asyncio.wait_for(part.stop(), 3.0)

    async def _consume(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            batches = await self._kafka.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=self._most)
            if self._fault is not None:  # aiokafka itself would continue where Kafka says
                raise self._fault
            for partition, messages in batches.items():
                self._places.setdefault(partition, messages[0].offset)
            # Before they are applied: records that cannot be applied right now are lag too.
            self._watch()
            began = monotonic()
            for partition, messages in batches.items():
                await self._take(partition, [Record.of(m) for m in messages])
            self._most = _next_size(self._most, sum(map(len, batches.values())), monotonic() - began)

    async def _take(self, partition: TopicPartition, records: list[Record]) -> None:
        first = self._places.get(partition, records[0].offset)
        # After a rejoin, a batch that was in hand comes again although it has been applied.
        records = [record for record in records if record.offset >= first]
        if not records:
            return
        after = records[-1].offset + 1
        await self._apply(partition, records, first, after)
        self._places[partition] = after
        self._progressed_at = monotonic()
        telemetry.CONSUMED.labels(self._of.group, partition.topic).inc(len(records))
        await self._commit(partition, after)

    async def _commit(self, partition: TopicPartition, after: int) -> None:
        with suppress(KafkaError):
            await self._kafka.commit({partition: (after, self._of.guard.text)})

    async def _apply(self, partition: TopicPartition, records: list[Record], first: int, after: int) -> None:
        """Applies all, or halves the batch until the record that can never be applied is alone and is set aside."""
        try:
            await self._of.sink.apply(partition, records, first, after)
            self._of.guard.applied(len(records))
        except PERMANENT as fault:
            if len(records) == 1:
                return await self._set_aside(partition, records[0], first, fault)
            half = len(records) // 2
            await self._apply(partition, records[:half], first, records[half].offset)
            await self._apply(partition, records[half:], records[half].offset, after)

    async def _set_aside(self, partition: TopicPartition, record: Record, first: int, fault: BaseException) -> None:
        """Once only: an owner that sends its events again gets no second letter, and does not end the consumer."""
        if not await self._of.sink.is_set_aside(record):
            self._of.guard.set_aside(self._of.group)
            await dead_letters.send(self._producer, self._of.group, record, repr(fault)[:500])
        await self._of.sink.set_aside(partition, record, first)
        await self._commit(partition, record.offset + 1)

    def _watch(self) -> None:
        """Ends the session if records wait and nothing moves: the client is known to stall silently.

        It ends the session, not the process: a broker that is down for a minute looks the same.
        """
        lag = 0
        for partition in self._kafka.assignment():
            end, place = self._kafka.highwater(partition), self._places.get(partition)
            behind = max(0, end - place) if end is not None and place is not None else 0
            telemetry.CONSUMER_LAG.labels(self._of.group, partition.topic, partition.partition).set(behind)
            lag += behind
        if not lag:
            self._progressed_at = monotonic()
        elif monotonic() - self._progressed_at > STALLED_SECONDS:
            raise TimeoutError(f"{lag} records are waiting and none was applied for {STALLED_SECONDS:.0f} s")

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        self._places.clear()

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        self._places.clear()
        for partition in self._of.measured.difference(assigned):  # now measured by another consumer
            telemetry.CONSUMER_LAG.remove(self._of.group, partition.topic, partition.partition)
        self._of.measured = set(assigned)
        try:
            self._kafka.pause(*assigned)  # or it would meanwhile fetch from where Kafka says
            await self._seek(assigned)
            noted = await dead_letters.noted_guards(self._of.bootstrap, self._of.group)
            self._of.guard = max([self._of.guard, *noted], key=lambda guard: guard.noted_at)
            self._kafka.resume(*assigned)
        except Exception as fault:  # raised later: here aiokafka would only log it, and go on
            self._fault = fault

    async def _seek(self, assigned: list[TopicPartition]) -> None:
        """Continues where the sink says, or from the start if the broker's log does not contain that offset."""
        positions = await self._of.sink.positions(await cluster_id(self._of.bootstrap))
        if positions is None or not assigned:
            return
        ends = await self._kafka.end_offsets(assigned)
        starts = await self._kafka.beginning_offsets(assigned)
        for partition in assigned:
            place = positions.get(partition, starts[partition])
            if partition in positions and not starts[partition] <= place <= ends[partition]:
                log.warning("inbox.log_was_reset", partition=str(partition), place=place, end=ends[partition])
                place = starts[partition]
                await self._of.sink.reset(partition, place)
            self._kafka.seek(partition, place)
            self._places[partition] = place


def _next_size(size: int, taken: int, seconds: float) -> int:
    """How many records to take next: twice as many after a quick turn, half of those that took too long."""
    if seconds > 2:
        return max(1, taken // 2)
    return min(MAX_BATCH, size * 2) if taken == size and seconds < 1 else size
