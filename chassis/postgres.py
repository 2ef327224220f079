"""Postgres: a pool that survives outages, transactions as blocks, and this service's outbox."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chassis import clock, errors, telemetry
from chassis.events import Event

if TYPE_CHECKING:  # asyncpg's classes are generic only in their stubs
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

# Detects half-open connections, within the 30 s in which every figure must be right again.
STATEMENT_TIMEOUT_MS = 20_000
# A vanished client would hold its locks for hours, and others would skip the rows that it claimed.
IDLE_TIMEOUT_MS = 15_000
ACQUIRE_SECONDS = 5.0
# Events in a row of the outbox.
MAX_LISTED = 500

# What asyncpg raises while the server is down, starting, shutting down, switching over or refusing; the call may be
# repeated.
DOWN: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # A primary that is being replaced.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    # A connection that is about to close: "cannot switch to state".
    asyncpg.InternalClientError,
)

# Faults after which a connection is dropped. In the middle of a statement the server may hang, and would not answer a
# rollback either; a server that has become read-only is not the primary any more.
LOST = (TimeoutError, asyncio.CancelledError, asyncpg.ReadOnlySQLTransactionError)

ADD_EVENTS = """
INSERT INTO outbox (topic, event_ids, keys, types, payloads, times, traceparents) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
WAKE_RELAY = "NOTIFY outbox"
# 0.2 wrote a row an event, in columns of its own; they go in 0.3.
EVENTS = """
id, topic, coalesce(event_ids, ARRAY[event_id]) AS event_ids, coalesce(keys, ARRAY[key]) AS keys,
coalesce(types, ARRAY[type]) AS types, coalesce(payloads, ARRAY[payload]) AS payloads,
coalesce(times, ARRAY[occurred_at]) AS times, coalesce(traceparents, ARRAY[traceparent]) AS traceparents
"""
PENDING = f"SELECT {EVENTS} FROM outbox WHERE published_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT $1"
MARK_PUBLISHED = "UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1::bigint[])"
# In slices: after an outage of days, all at once would take longer than a statement may.
FORGET_PUBLISHED = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE published_at < clock_timestamp() - $1::interval ORDER BY published_at LIMIT 10000
)
"""
OLDEST_PENDING_SECONDS = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM outbox WHERE published_at IS NULL
"""
# Whichever relay holds the row refills the broker; the others go on with what is new.
GET_BROKER = "SELECT cluster_id, refilled_id, refilled_to FROM outbox_broker FOR UPDATE SKIP LOCKED"
KEEP_FIRST_BROKER = "INSERT INTO outbox_broker (cluster_id) VALUES ($1) ON CONFLICT DO NOTHING"
HELD_EVENTS = f"SELECT {EVENTS} FROM outbox WHERE published_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2"
KEEP_REFILLED = "UPDATE outbox_broker SET refilled_id = $1, refilled_to = $2"
KEEP_BROKER = "UPDATE outbox_broker SET cluster_id = $1, refilled_id = NULL, refilled_to = 0"
# How long a broker that lost its log can be refilled.
HELD = timedelta(days=7)


class Database:
    """One database. Connects when first used, and again after a connection is lost."""

    def __init__(self, url: str, *, min_size: int = 0, max_size: int = 10) -> None:
        self.url = url
        self._size = (min_size, max_size)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction, for reads. Raises Unavailable when the database is down."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=max(0.05, clock.remaining(ACQUIRE_SECONDS))) as conn:
                try:
                    with telemetry.DATABASE_IN_USE.track_inprogress():
                        yield conn
                except LOST as fault:
                    conn.terminate()
                    if not isinstance(fault, asyncio.CancelledError):  # idle ones are no better, each a fault more
                        await pool.expire_connections()
                    raise
        except DOWN as fault:
            # asyncpg's InterfaceErrors include values that it cannot encode; those are not an outage.
            if isinstance(fault, ValueError):
                raise
            raise errors.Unavailable(retry_after_seconds=1) from fault

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: the block commits as a whole, or not at all."""
        async with self.connection() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                yield conn
            except LOST:
                raise
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()

    async def ping(self) -> None:
        """Raises Unavailable when the database is down."""
        async with self.connection() as conn:
            await conn.execute("SELECT 1")

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.url,
                    min_size=self._size[0],
                    max_size=self._size[1],
                    timeout=ACQUIRE_SECONDS,
                    command_timeout=STATEMENT_TIMEOUT_MS / 1000,
                    max_inactive_connection_lifetime=60,
                    reset=_no_reset,
                    server_settings={
                        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
                        "jit": "off",
                    },
                )
                telemetry.DATABASE_LIMIT.inc(self._size[1])
            return self._pool

    async def add_events(self, conn: Connection, events: Sequence[Event], *, wake: bool = True) -> None:
        """Adds events to the caller's transaction; the relay publishes them after the commit.

        `wake=False` leaves them to the relay's next poll: commits with a NOTIFY queue behind one lock.
        """
        for topic, listed in lists(events):
            await conn.execute(ADD_EVENTS, topic, *columns(listed))
        if events and wake:
            await conn.execute(WAKE_RELAY)

    async def add_event(self, conn: Connection, event: Event) -> None:
        await self.add_events(conn, [event])

    @asynccontextmanager
    async def pending(self, limit: int) -> AsyncIterator["Claim"]:
        """Claims the oldest `limit` unpublished lists of events for the duration of the block (SKIP LOCKED)."""
        async with self.transaction() as conn:
            rows = await conn.fetch(PENDING, limit)
            yield Claim(conn, _events(rows), MARK_PUBLISHED, [row["id"] for row in rows])

    @asynccontextmanager
    async def held(self, cluster_id: str, limit: int) -> AsyncIterator["Claim"]:
        """The next `limit` published lists, oldest first, that this cluster may lack; marking them keeps the place.

        Empty once it has them all, and while another relay is at it. Rows published meanwhile come again too, so the
        last event of a key stays the last.
        """
        async with self.transaction() as conn:
            await conn.execute(KEEP_FIRST_BROKER, cluster_id)
            broker = await conn.fetchrow(GET_BROKER)
            rows = []
            if broker is not None and broker["cluster_id"] != cluster_id:
                place = broker["refilled_to"] if broker["refilled_id"] == cluster_id else 0
                rows = await conn.fetch(HELD_EVENTS, place, limit)
                if not rows:
                    await conn.execute(KEEP_BROKER, cluster_id)
            yield Claim(conn, _events(rows), KEEP_REFILLED, cluster_id, rows[-1]["id"] if rows else 0)

    async def prune(self) -> float:
        """Deletes events published over a week ago; returns the age in seconds of the oldest unpublished one."""
        async with self.connection() as conn:
            await conn.execute(FORGET_PUBLISHED, HELD)
            return float(await conn.fetchval(OLDEST_PENDING_SECONDS))

    @asynccontextmanager
    async def woken(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the outbox grows. It only speeds things up: the relay polls as well."""
        wake = asyncio.Event()

        def on_notify(*_: object) -> None:
            wake.set()

        async with self.connection() as conn:
            await conn.add_listener("outbox", on_notify)
            try:
                yield wake
            finally:
                conn.terminate()  # we may be leaving because the server does not answer


async def _no_reset(conn: Connection) -> None:
    """No block leaves session state behind, so asyncpg's clean-up would be a wasted round trip."""


class Claim:
    """Events in hand; `mark` them once the broker has acknowledged them."""

    def __init__(self, conn: Connection, events: list[Event], statement: str, *arguments: object) -> None:
        self._conn, self.events, self._statement, self._arguments = conn, events, statement, arguments

    async def mark(self) -> None:
        await self._conn.execute(self._statement, *self._arguments)


def lists(events: Iterable[Event]) -> Iterator[tuple[str, list[Event]]]:
    """What is said to each topic, in order and in lists of which a relay can hold a hundred."""
    by_topic: dict[str, list[Event]] = {}
    for event in events:
        by_topic.setdefault(event.topic, []).append(event)
    for topic, said in by_topic.items():
        for start in range(0, len(said), MAX_LISTED):
            yield topic, said[start : start + MAX_LISTED]


def columns(events: Sequence[Event]) -> list[list[Any]]:
    """The events as the arrays of one row."""
    return [
        [e.id for e in events],
        [e.key for e in events],
        [e.type for e in events],
        [e.payload for e in events],
        [e.occurred_at for e in events],
        [e.traceparent for e in events],
    ]


def _events(rows: Sequence[asyncpg.Record]) -> list[Event]:
    return [
        Event(id=id, topic=row["topic"], key=key, type=type, payload=payload, occurred_at=time, traceparent=traceparent)
        for row in rows
        for id, key, type, payload, time, traceparent in zip(
            *(row[name] for name in ("event_ids", "keys", "types", "payloads", "times", "traceparents")), strict=True
        )
    ]
