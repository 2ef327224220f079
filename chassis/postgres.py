"""Postgres: a pool that outlives the database, transactions as blocks, and the outbox rows of this service."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chassis import clock, errors, telemetry
from chassis.events import Event

if TYPE_CHECKING:  # asyncpg's classes take parameters in their stubs alone
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

# A connection on which nobody answers any more is found out by it, within the 30 s in which all must be right again.
STATEMENT_TIMEOUT_MS = 20_000
# A client that vanished without a word would hold its locks for hours: rows that it claimed are skipped by all others.
IDLE_TIMEOUT_MS = 15_000
ACQUIRE_SECONDS = 5.0

# What asyncpg raises while the server is away, starting, shutting down or refusing; the call may be repeated.
AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    # A connection whose end was announced but has not come yet: "cannot switch to state".
    asyncpg.InternalClientError,
)

# In the middle of a statement: the server may hang, and would then not answer a rollback either. So the connection is
# given up, or it would be held for as long as the server is away.
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
# How long a broker that lost its log can be filled again.
HELD = timedelta(days=7)


class Database:
    """One database. Opening it needs no server: connections are made when first used, and again after a loss."""

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
        """A connection outside any transaction, for reads. Raises Unavailable when the database is away."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=max(0.05, clock.remaining(ACQUIRE_SECONDS))) as conn:
                try:
                    with telemetry.DATABASE_IN_USE.track_inprogress():
                        yield conn
                except INTERRUPTED as fault:
                    conn.terminate()
                    if isinstance(fault, TimeoutError):  # the idle ones may be as dead: each would cost as long again
                        await pool.expire_connections()
                    raise
        except AWAY as fault:
            # asyncpg's InterfaceErrors include values that it cannot encode, and those are no outage.
            if isinstance(fault, ValueError):
                raise
            raise errors.Unavailable(retry_after_seconds=1) from fault

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: the block commits as a whole or not at all."""
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
        """Unavailable when the database is away."""
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
                    reset=_as_it_is,
                    server_settings={
                        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
                        "jit": "off",
                    },
                )
                telemetry.DATABASE_LIMIT.inc(self._size[1])
            return self._pool

    async def add_events(self, conn: Connection, events: Sequence[Event]) -> None:
        """Adds events to the caller's transaction; the relay publishes them after its commit."""
        if events:
            await conn.execute(ADD_EVENTS, *columns(events))
            await conn.execute(WAKE_RELAY)

    async def add_event(self, conn: Connection, event: Event) -> None:
        await self.add_events(conn, [event])

    @asynccontextmanager
    async def pending(self, limit: int) -> AsyncIterator["Pending"]:
        """Claims the oldest events that are not published, for as long as the block runs (SKIP LOCKED)."""
        async with self.transaction() as conn:
            rows = await conn.fetch(PENDING_EVENTS, limit)
            yield Pending(conn, [row["id"] for row in rows], [_event(row) for row in rows])

    async def renew(self, cluster_id: str) -> bool:
        """Marks all held events as unpublished when the broker is another one than last time; says whether it was."""
        async with self.transaction() as conn:
            known = await conn.fetchval(KNOWN_CLUSTER)
            await conn.execute(KEEP_CLUSTER, cluster_id)
            if known in (None, cluster_id):
                return False
            await conn.execute(UNPUBLISH_ALL)
            return True

    async def prune(self) -> float:
        """Forgets events published more than a week ago; answers the age in seconds of the oldest still waiting."""
        async with self.connection() as conn:
            await conn.execute(FORGET_PUBLISHED, HELD)
            return float(await conn.fetchval(OLDEST_PENDING_SECONDS))

    @asynccontextmanager
    async def woken(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever somebody adds to the outbox. It only hastens: a poll stands behind it."""
        wake = asyncio.Event()

        def heard(*_: object) -> None:
            wake.set()

        async with self.connection() as conn:
            await conn.add_listener("outbox", heard)
            try:
                yield wake
            finally:
                conn.terminate()  # whoever stops listening may do so because nobody answers


async def _as_it_is(conn: Connection) -> None:
    """Nothing here changes a session for longer than a block, so asyncpg's clean-up is a round trip for nothing."""


class Pending:
    """Claimed events; `mark` them once the broker has acknowledged."""

    def __init__(self, conn: Connection, ids: list[int], events: list[Event]) -> None:
        self._conn, self._ids, self.events = conn, ids, events

    async def mark(self) -> None:
        await self._conn.execute(MARK_PUBLISHED, self._ids)


def columns(events: Sequence[Event]) -> list[list[Any]]:
    """The events as the arrays that ADD_EVENTS takes."""
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
