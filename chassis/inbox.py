"""Consumers. A message is applied, set aside as a dead letter, or redelivered after a crash. Offsets move last."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from chassis import errors, telemetry
from chassis.events import MAX_RECORD_BYTES, Record
from chassis.outbox import cluster_id
from chassis.postgres import Connection, Database

BATCH = 2000
POLL_SECONDS = BACKOFF_SECONDS = 1.0
STALLED_SECONDS = 30.0
# How long a vanished member delays the rebalance; brokers accept no less by default.
SESSION_MS, HEARTBEAT_MS = 6_000, 2_000
# When to give up on a half-open connection, instead of aiokafka's 40 s. Joining may take a session timeout.
REQUEST_MS = SESSION_MS + 1_000
# How soon we notice a topic that was created after we joined, instead of five minutes.
METADATA_MS = 5_000
# More than this is a bad deploy, not bad data: the process exits instead of setting everything aside.
MAX_DEAD_IN_A_ROW = 100
MAX_DEAD_OF_LAST_THOUSAND = 10

log = telemetry.logger(__name__)

GET_OFFSETS = "SELECT topic, partition, next FROM consumer_offsets WHERE consumer = $1"
# Inserts the row on first sight. Later moves it only from the position that this consumer expects.
MOVE_OFFSET = """
INSERT INTO consumer_offsets (consumer, topic, partition, next) VALUES ($1, $2, $3, $5)
ON CONFLICT (consumer, topic, partition) DO UPDATE SET next = excluded.next WHERE consumer_offsets.next = $4
RETURNING next
"""
KNOWN_CLUSTER = "SELECT cluster_id FROM inbox_broker WHERE consumer = $1 FOR UPDATE"
KEEP_CLUSTER = """
INSERT INTO inbox_broker (consumer, cluster_id) VALUES ($1, $2)
ON CONFLICT (consumer) DO UPDATE SET cluster_id = excluded.cluster_id
"""
FORGET_OFFSETS = "DELETE FROM consumer_offsets WHERE consumer = $1"
RESET_OFFSET = "UPDATE consumer_offsets SET next = $4 WHERE consumer = $1 AND topic = $2 AND partition = $3"


class Fenced(Exception):
    """Another consumer has moved this partition's offset: our work is rolled back, and we rejoin."""


class Sink(Protocol):
    """Where records go. `apply` raises Invalid, or any unexpected exception, for what can never be applied."""

    async def positions(self, cluster_id: str) -> dict[TopicPartition, int] | None:
        """Where to continue in each partition of this cluster; None: where Kafka says."""

    async def apply(self, partition: TopicPartition, records: Sequence[Record], first: int, after: int) -> None:
        """Applies records of one partition and moves its offset from `first` to `after`."""

    async def reset(self, partition: TopicPartition, offset: int) -> None:
        """The broker's log was recreated: continue at `offset`."""


class StateSink:
    """At least once: `handle` is idempotent by version, and Kafka keeps the offsets."""

    def __init__(self, handle: Callable[[Record], Awaitable[None]]) -> None:
        self._handle = handle

    async def positions(self, cluster_id: str) -> dict[TopicPartition, int] | None:
        return None

    async def apply(self, partition: TopicPartition, records: Sequence[Record], first: int, after: int) -> None:
        for record in records:
            with telemetry.span(f"consume {record.topic}", parent=_traceparent(record)):
                await self._handle(record)

    async def reset(self, partition: TopicPartition, offset: int) -> None: ...


class ExactlyOnceSink:
    """One Postgres transaction holds a batch's effects and its offset."""

    def __init__(
        self, database: Database, consumer: str, handle: Callable[[Connection, Sequence[Record]], Awaitable[None]]
    ) -> None:
        self._database, self._consumer, self._handle = database, consumer, handle

    async def positions(self, cluster_id: str) -> dict[TopicPartition, int] | None:
        """Forgets the offsets if the cluster is a new one: its log may have grown past where the old one ended."""
        async with self._database.transaction() as conn:
            known = await conn.fetchval(KNOWN_CLUSTER, self._consumer)
            await conn.execute(KEEP_CLUSTER, self._consumer, cluster_id)
            if known not in (None, cluster_id):
                log.warning("inbox.broker_changed", consumer=self._consumer)
                await conn.execute(FORGET_OFFSETS, self._consumer)
            rows = await conn.fetch(GET_OFFSETS, self._consumer)
        return {TopicPartition(row["topic"], row["partition"]): row["next"] for row in rows}

    async def apply(self, partition: TopicPartition, records: Sequence[Record], first: int, after: int) -> None:
        name = f"consume {partition.topic}"
        with telemetry.span(name, parent=_traceparent(records[0]) if records else None):
            async with self._database.transaction() as conn:
                place = (self._consumer, partition.topic, partition.partition)
                if await conn.fetchval(MOVE_OFFSET, *place, first, after) is None:
                    raise Fenced(f"another consumer moved the offset of {partition}")
                if records:
                    await self._handle(conn, records)

    async def reset(self, partition: TopicPartition, offset: int) -> None:
        async with self._database.connection() as conn:
            await conn.execute(RESET_OFFSET, self._consumer, partition.topic, partition.partition, offset)


@dataclass
class Consumer:
    """A role: consumes `topics` as a member of `group` and passes records to `sink`, until stopped."""

    bootstrap: str
    group: str
    topics: Sequence[str]
    sink: Sink
    measured: set[TopicPartition] = field(default_factory=set)
    _dead: deque[bool] = field(default_factory=lambda: deque(maxlen=1000))

    @property
    def dead_letters(self) -> str:
        return f"soundstage.dead.{self.group}.v1"

    async def run(self, stop: asyncio.Event) -> None:
        for topic in self.topics:  # start at 0, or the first one would not show as an increase
            telemetry.DEAD_LETTERS.labels(self.group, topic)
            telemetry.CONSUMED.labels(self.group, topic)
        while not stop.is_set():
            try:
                await _Session(self).run(stop)
            except (KafkaError, errors.Unavailable, Fenced, OSError, TimeoutError) as fault:
                log.warning("inbox.interrupted", group=self.group, fault=repr(fault))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BACKOFF_SECONDS)

    def judge(self, dead: bool) -> None:
        """Records the outcome of one record; exits if there are too many dead letters for this to be bad data."""
        self._dead.append(dead)
        last = list(self._dead)[-MAX_DEAD_IN_A_ROW:]
        in_a_row = len(last) == MAX_DEAD_IN_A_ROW and all(last)
        too_many = len(self._dead) == self._dead.maxlen and sum(self._dead) > MAX_DEAD_OF_LAST_THOUSAND
        if dead and (in_a_row or too_many):
            raise SystemExit(f"{self.group}: too many dead letters; stopped, because this looks like a bad deploy")


class _Session(ConsumerRebalanceListener):  # type: ignore[misc]
    """One membership in the group, from joining to the first error."""

    def __init__(self, consumer: Consumer) -> None:
        self._of = consumer
        self._places: dict[TopicPartition, int] = {}
        self._progressed_at = monotonic()
        self._fault: Exception | None = None

    async def run(self, stop: asyncio.Event) -> None:
        self._kafka = AIOKafkaConsumer(
            bootstrap_servers=self._of.bootstrap,
            group_id=self._of.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=60_000,
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
            batches = await self._kafka.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=BATCH)
            if self._fault is not None:  # aiokafka itself would continue where Kafka says
                raise self._fault
            for partition, messages in batches.items():
                self._places.setdefault(partition, messages[0].offset)
            # Before they are applied: records that cannot be applied right now are lag too.
            self._watch()
            for partition, messages in batches.items():
                await self._take(partition, [Record.of(m) for m in messages])

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
        with suppress(KafkaError):
            await self._kafka.commit({partition: after})

    async def _apply(self, partition: TopicPartition, records: list[Record], first: int, after: int) -> None:
        """Applies all, or halves the batch until the record that can never be applied is alone and is set aside."""
        try:
            await self._of.sink.apply(partition, records, first, after)
            for _ in records:
                self._of.judge(dead=False)
        except (errors.Unavailable, Fenced, KafkaError, OSError, asyncio.CancelledError):
            raise
        except Exception as fault:
            if len(records) == 1:
                await self._set_aside(records[0], fault)
                return await self._of.sink.apply(partition, [], first, after)
            half = len(records) // 2
            await self._apply(partition, records[:half], first, records[half].offset)
            await self._apply(partition, records[half:], records[half].offset, after)

    async def _set_aside(self, record: Record, fault: Exception) -> None:
        self._of.judge(dead=True)
        text = repr(fault)[:500]
        log.error("inbox.dead_letter", topic=record.topic, offset=record.offset, fault=text)
        origin = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "fault": text}
        headers = [(f"dead-{name}", str(value).encode()) for name, value in origin.items()]
        send, topic = self._producer.send_and_wait, self._of.dead_letters
        try:
            await send(topic, record.value or b"", key=record.key, headers=[*record.headers, *headers])
        except MessageSizeTooLargeError:  # too large with its origin; the record itself stays in its topic
            await send(topic, b"", headers=headers)
        telemetry.DEAD_LETTERS.labels(self._of.group, record.topic).inc()

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


def _traceparent(record: Record) -> str | None:
    return next((value.decode(errors="replace") for name, value in record.headers if name == "traceparent"), None)
