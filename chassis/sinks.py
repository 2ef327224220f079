"""Where a consumer's records go: state that is idempotent by version, or one Postgres transaction with its offset."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from aiokafka import TopicPartition

from chassis import errors, telemetry
from chassis.events import Record
from chassis.postgres import Connection, Database

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
IS_SET_ASIDE = "SELECT EXISTS (SELECT FROM set_aside WHERE consumer = $1 AND event_id = $2)"
KEEP_SET_ASIDE = """
INSERT INTO set_aside (consumer, event_id, type, minute) VALUES ($1, $2, $3, date_trunc('minute', $4::timestamptz))
ON CONFLICT (consumer, event_id) DO NOTHING
"""


class Fenced(Exception):
    """Another consumer has moved this partition's offset: our work is rolled back, and we rejoin."""


class Sink(Protocol):
    """Where records go. `apply` raises one of PERMANENT for what can never be applied, anything else for what may."""

    async def positions(self, cluster_id: str) -> dict[TopicPartition, int] | None:
        """Where to continue in each partition of this cluster; None: where Kafka says."""

    async def apply(self, partition: TopicPartition, records: Sequence[Record], first: int, after: int) -> None:
        """Applies records of one partition and moves its offset from `first` to `after`."""

    async def is_set_aside(self, record: Record) -> bool:
        """Whether this event is a dead letter already; its owner may send it again and again."""

    async def set_aside(self, partition: TopicPartition, record: Record, first: int) -> None:
        """Notes a dead letter and moves the offset past it."""

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

    async def is_set_aside(self, record: Record) -> bool:
        return False

    async def set_aside(self, partition: TopicPartition, record: Record, first: int) -> None: ...

    async def reset(self, partition: TopicPartition, offset: int) -> None: ...


class ExactlyOnceSink:
    """One Postgres transaction holds a batch's effects and its offset.

    `kept_at` says when the owner of an event keeps what it tells, for whoever compares by the minute.
    """

    def __init__(
        self,
        database: Database,
        consumer: str,
        handle: Callable[[Connection, Sequence[Record]], Awaitable[None]],
        kept_at: Callable[[Record], datetime | None] = lambda _: None,
    ) -> None:
        self._database, self._consumer, self._handle, self._kept_at = database, consumer, handle, kept_at

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
        with telemetry.span(name, parent=_traceparent(records[0])):
            async with self._database.transaction() as conn:
                await self._move(conn, partition, first, after)
                await self._handle(conn, records)

    async def is_set_aside(self, record: Record) -> bool:
        if record.event_id is None:
            return False
        async with self._database.connection() as conn:
            return bool(await conn.fetchval(IS_SET_ASIDE, self._consumer, record.event_id))

    async def set_aside(self, partition: TopicPartition, record: Record, first: int) -> None:
        async with self._database.transaction() as conn:
            await self._move(conn, partition, first, record.offset + 1)
            with suppress(errors.Invalid):  # it is no event, so nobody sends it again
                event = record.event
                await conn.execute(KEEP_SET_ASIDE, self._consumer, event.id, event.type, self._kept_at(record))

    async def _move(self, conn: Connection, partition: TopicPartition, first: int, after: int) -> None:
        place = (self._consumer, partition.topic, partition.partition)
        if await conn.fetchval(MOVE_OFFSET, *place, first, after) is None:
            raise Fenced(f"another consumer moved the offset of {partition}")

    async def reset(self, partition: TopicPartition, offset: int) -> None:
        async with self._database.connection() as conn:
            await conn.execute(RESET_OFFSET, self._consumer, partition.topic, partition.partition, offset)


def _traceparent(record: Record) -> str | None:
    return next((value.decode(errors="replace") for name, value in record.headers if name == "traceparent"), None)
