"""The relay: one loop over any store's outbox that publishes each event at least once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import lru_cache
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from chassis import telemetry
from chassis.events import MAX_RECORD_BYTES, Event

# Lists of events, as an outbox holds them, in one turn.
BATCH = 100
MAX_BATCH_BYTES = 512 * 1024
POLL_SECONDS = 0.25
HOUSEKEEPING_SECONDS = 15.0
# Also how long to wait on a half-open connection.
PUBLISH_SECONDS = 6.0
# Includes claiming and marking. Gives up on a hanging store before its own statement timeout.
TURN_SECONDS = 9.0
BACKOFF_SECONDS = 1.0

log = telemetry.logger(__name__)


class Claim(Protocol):
    events: list[Event]

    def mark(self) -> Awaitable[object]: ...


class Store(Protocol):
    """An outbox; implemented in `postgres.py` and `mongo.py`."""

    def pending(self, limit: int) -> AbstractAsyncContextManager[Claim]:
        """The oldest unpublished events."""

    def held(self, cluster_id: str, limit: int) -> AbstractAsyncContextManager[Claim]:
        """The next published events that a broker of this cluster may lack; none once it has them all."""

    def woken(self) -> AbstractAsyncContextManager[asyncio.Event]: ...

    async def prune(self) -> float: ...


class Relay:
    def __init__(self, store: Store, bootstrap: str) -> None:
        self._store = store
        self._bootstrap = bootstrap

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until stopped. After any error it starts over with a new producer, since a producer can get stuck."""
        stopped = asyncio.create_task(stop.wait())
        reporting = asyncio.create_task(self._report_age())
        while not stop.is_set():
            try:
                async with self._producer() as producer, self._store.woken() as wake:
                    await self._relay(producer, wake, stop)
            except Exception as fault:
                log.warning("outbox.interrupted", fault=repr(fault))
                await asyncio.wait([stopped], timeout=BACKOFF_SECONDS)
        stopped.cancel()
        reporting.cancel()

    async def _report_age(self) -> None:
        """Separate from relaying: the age matters most while the broker is down and nothing is relayed."""
        while True:
            try:
                telemetry.OUTBOX_OLDEST_SECONDS.set(await self._store.prune())
            except Exception as fault:
                log.warning("outbox.age_unknown", fault=repr(fault))
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _relay(self, producer: AIOKafkaProducer, wake: asyncio.Event, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        next_check, cluster, may_lack, is_refilling = 0.0, "", False, False
        while not stop.is_set():
            if clock() >= next_check:
                cluster = await cluster_id(self._bootstrap)
                next_check, may_lack = clock() + HOUSEKEEPING_SECONDS, True
            wake.clear()
            published = await self._publish(producer, self._store.pending(BATCH))
            if may_lack:  # by turns with what is new, which does not wait for millions of held events
                may_lack = await self._publish(producer, self._store.held(cluster, BATCH)) > 0
                if may_lack != is_refilling:
                    is_refilling = may_lack
                    log.warning("outbox.broker_changed", cluster=cluster, publishing_held_events=is_refilling)
            if not (published or may_lack):
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), POLL_SECONDS)

    async def _publish(self, producer: AIOKafkaProducer, claimed: AbstractAsyncContextManager[Claim]) -> int:
        async with asyncio.timeout(TURN_SECONDS), claimed as claim:
            if claim.events:
                await asyncio.wait_for(_send(producer, claim.events), PUBLISH_SECONDS)
                await claim.mark()
            return len(claim.events)

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=2,
            max_batch_size=MAX_BATCH_BYTES,  # a whole turn in one round trip, however far away the broker
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=int(PUBLISH_SECONDS * 1000),
        )
        try:
            await producer.start()
            yield producer
        finally:
            with suppress(Exception):
                await asyncio.wait_for(producer.stop(), 2.0)


async def cluster_id(bootstrap: str) -> str:
    """The broker's cluster id, which changes whenever its log is recreated."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(PUBLISH_SECONDS * 1000))
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def _send(producer: AIOKafkaProducer, events: Sequence[Event]) -> None:
    """Sends events in order, in batches of our own: `producer.send` costs twenty times as much for each."""
    batches: dict[tuple[str, int], BatchBuilder] = {}
    acknowledged = []
    for event in events:
        place = (event.topic, _partition(event.key, len(await producer.partitions_for(event.topic))))
        batch = batches.get(place)
        if batch is None or not _add(batch, event):
            if batch is not None:
                acknowledged.append(await producer.send_batch(batch, place[0], partition=place[1]))
            batch = batches[place] = producer.create_batch()
            _add(batch, event)  # a batch takes its first event whatever its size
    for (topic, partition), batch in batches.items():
        acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledged)
    for topic, count in Counter(event.topic for event in events).items():
        telemetry.OUTBOX_PUBLISHED.labels(topic).inc(count)


def _add(batch: BatchBuilder, event: Event) -> bool:
    record = batch.append(timestamp=None, key=event.key.encode(), value=event.payload, headers=event.headers())
    return record is not None


# murmur2 in Python takes several times as long as all the rest of a record, and keys come again.
@lru_cache(10_000)
def _partition(key: str, partitions: int) -> int:
    """As Kafka's own clients place a key."""
    return int(DefaultPartitioner()(key.encode(), range(partitions), ()))
