"""Postgres: a pool that survives outages, transactions as blocks, and this service's outbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
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

# What asyncpg raises while the server is down, starting, shutting down or refusing; the call may be repeated.
DOWN: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    # A connection that is about to close: "cannot switch to state".
    asyncpg.InternalClientError,
)

# In the middle of a statement. The server may hang and would not answer a rollback either, so the connection is
# dropped; otherwise it would be held for the whole outage.
INTERRUPTED = (TimeoutError, asyncio.CancelledError)

ADD_EVENTS = """
INSERT INTO outbox (event_id, topic, key, type, payload, occurred_at, traceparent)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::text[])
"""
WAKE_RELAY = "NOTIFY outbox"
PENDING_EVENTS = """
SELECT id, event_id, topic, key, type, payload, occurred_at, traceparent FROM outbox
WHERE published_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT $1
"""
MARK_PUBLISHED = "UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1::bigint[])"
FORGET_PUBLISHED = "DELETE FROM outbox WHERE published_at < clock_timestamp() - $1::interval"
OLDEST_PENDING_SECONDS = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM outbox WHERE published_at IS NULL
"""
KNOWN_CLUSTER = "SELECT cluster_id FROM outbox_broker FOR UPDATE"
KEEP_CLUSTER = """
INSERT INTO outbox_broker (cluster_id) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET cluster_id = excluded.cluster_id
"""
UNPUBLISH_ALL = "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL"
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
                except INTERRUPTED as fault:
                    conn.terminate()
                    if isinstance(fault, TimeoutError):  # idle ones may be dead too, each a timeout more
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
            except INTERRUPTED:
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

    async def add_events(self, conn: Connection, events: Sequence[Event]) -> None:
        """Adds events to the caller's transaction; the relay publishes them after the commit."""
        if events:
            await conn.execute(ADD_EVENTS, *columns(events))
            await conn.execute(WAKE_RELAY)

    async def add_event(self, conn: Connection, event: Event) -> None:
        await self.add_events(conn, [event])

    @asynccontextmanager
    async def pending(self, limit: int) -> AsyncIterator["Pending"]:
        """Claims the oldest unpublished events for the duration of the block (SKIP LOCKED)."""
        async with self.transaction() as conn:
            rows = await conn.fetch(PENDING_EVENTS, limit)
            yield Pending(conn, [row["id"] for row in rows], [_event(row) for row in rows])

    async def renew(self, cluster_id: str) -> bool:
        """Marks all stored events as unpublished if the cluster id has changed; returns whether it has."""
        async with self.transaction() as conn:
            known = await conn.fetchval(KNOWN_CLUSTER)
            await conn.execute(KEEP_CLUSTER, cluster_id)
            if known in (None, cluster_id):
                return False
            await conn.execute(UNPUBLISH_ALL)
            return True

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


class Pending:
    """Claimed events; `mark` them once the broker has acknowledged them."""

    def __init__(self, conn: Connection, ids: list[int], events: list[Event]) -> None:
        self._conn, self._ids, self.events = conn, ids, events

    async def mark(self) -> None:
        await self._conn.execute(MARK_PUBLISHED, self._ids)


def columns(events: Sequence[Event]) -> list[list[Any]]:
    """The events as the arrays that ADD_EVENTS takes, one per column."""
    return [
        [e.id for e in events],
        [e.topic for e in events],
        [e.key for e in events],
        [e.type for e in events],
        [e.payload for e in events],
        [e.occurred_at for e in events],
        [e.traceparent for e in events],
    ]


def _event(row: asyncpg.Record) -> Event:
    return Event(
        id=row["event_id"],
        topic=row["topic"],
        key=row["key"],
        type=row["type"],
        payload=row["payload"],
        occurred_at=row["occurred_at"],
        traceparent=row["traceparent"],
    )
