"""The relay: one loop over any store's outbox that publishes each event at least once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from chassis import telemetry
from chassis.events import MAX_RECORD_BYTES, Event

BATCH = 500
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

    async def mark(self) -> None: ...


class Store(Protocol):
    """An outbox; implemented in `postgres.py` and `mongo.py`."""

    def pending(self, limit: int) -> AbstractAsyncContextManager[Claim]: ...

    def woken(self) -> AbstractAsyncContextManager[asyncio.Event]: ...

    async def renew(self, cluster_id: str) -> bool: ...

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
        next_check = 0.0
        while not stop.is_set():
            if clock() >= next_check:
                await self._check_broker()
                next_check = clock() + HOUSEKEEPING_SECONDS
            wake.clear()
            if not await self._publish(producer):
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), POLL_SECONDS)

    async def _publish(self, producer: AIOKafkaProducer) -> int:
        async with asyncio.timeout(TURN_SECONDS), self._store.pending(BATCH) as claim:
            if claim.events:
                await asyncio.wait_for(_send(producer, claim.events), PUBLISH_SECONDS)
                await claim.mark()
            return len(claim.events)

    async def _check_broker(self) -> None:
        if await self._store.renew(await cluster_id(self._bootstrap)):
            log.warning("outbox.broker_changed", action="publishing all held events again")

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=2,
            max_batch_size=BATCH * 1024,  # a whole turn in one round trip, however far away the broker
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


async def _send(producer: AIOKafkaProducer, events: list[Event]) -> None:
    acknowledged = [await producer.send(e.topic, e.payload, key=e.key.encode(), headers=e.headers()) for e in events]
    await asyncio.gather(*acknowledged)
    for event in events:
        telemetry.OUTBOX_PUBLISHED.labels(event.topic).inc()
