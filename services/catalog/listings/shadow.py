"""SQL of a rebuild: every projection filled anew in the schema `shadow` while the old one serves, then swapped in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from asyncpg import LockNotAvailableError

from chassis.errors import Unavailable
from chassis.postgres import Connection
from services.catalog.listings import counts, playlists, store, tiers

# Each table's key, and what a newer row does to an older one.
TABLES = {
    "search_tracks": ("track_id", store.NEWER),
    "track_cards": ("track_id", store.NEWER_CARD),
    "search_playlists": ("playlist_id", playlists.NEWER),
}
# For statements over all rows; the pool's own timeout is for requests.
LONG_SECONDS = 3600.0
# A quarter of a second each, during which writers wait.
MAX_TRIES = 60
NO_TIMEOUT = "SET statement_timeout = 0"
NO_TIMEOUT_HERE = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
USUAL_TIMEOUT = "RESET statement_timeout"
# Writers wait from here on, readers only while the tables are swapped.
LOCK = "LOCK TABLE search_tracks, track_cards, search_playlists, known_words, known_digests IN EXCLUSIVE MODE"
LOCK_ALONE = """
SET LOCAL lock_timeout = '200ms';
LOCK TABLE search_tracks, track_cards, search_playlists IN ACCESS EXCLUSIVE MODE
"""
LOCK_REBUILD = "SELECT pg_try_advisory_lock(hashtextextended('catalog.rebuild_search', 0))"
UNLOCK_REBUILD = "SELECT pg_advisory_unlock(hashtextextended('catalog.rebuild_search', 0))"
NOW = "SELECT clock_timestamp()"
MAKE = """
DROP TABLE IF EXISTS shadow.{table};
CREATE TABLE shadow.{table} (LIKE public.{table} INCLUDING ALL EXCLUDING INDEXES);
ALTER TABLE shadow.{table} ADD PRIMARY KEY ({key})
"""
# Indexes other than the primary key are created after the rows: row by row they would cost most of the rebuild.
LIST_INDEXES = """
SELECT replace(indexdef, ' ON public.', ' ON shadow.') FROM pg_indexes
WHERE schemaname = 'public' AND tablename = $1 AND indexname NOT IN (
    SELECT conname FROM pg_constraint WHERE conrelid = ('public.' || $1)::regclass
)
ORDER BY indexname
"""
VACUUM = "VACUUM (ANALYZE) shadow.{table}"
# What was written while the shadow filled.
CATCH_UP = "INSERT INTO shadow.{table} AS kept SELECT * FROM public.{table} WHERE indexed_at >= $1 {newer}"
SWAP = "DROP TABLE public.{table}; ALTER TABLE shadow.{table} SET SCHEMA public"
FORGET_UNUSED_WORDS = """
DELETE FROM known_words WHERE word NOT IN (
    SELECT word FROM ts_stat('SELECT words FROM shadow.search_tracks UNION ALL SELECT words FROM public.people
        UNION ALL SELECT words FROM shadow.search_playlists WHERE is_public')
)
"""
FORGET_THEIR_DIGESTS = """
DELETE FROM known_digests AS d WHERE NOT EXISTS (SELECT FROM known_words AS k WHERE k.word = d.word)
"""


@asynccontextmanager
async def rebuilding(conn: Connection) -> AsyncIterator[bool]:
    """Whether this is the only rebuild for as long as the block runs."""
    is_alone = bool(await conn.fetchval(LOCK_REBUILD))
    try:
        yield is_alone
    finally:
        if is_alone:
            await conn.execute(UNLOCK_REBUILD)


async def make(conn: Connection) -> datetime:
    """Starts a rebuild. Returns the time since which rows must be taken over at its end."""
    started: datetime = await conn.fetchval(NOW)
    for table, (key, _) in TABLES.items():
        await conn.execute(MAKE.format(table=table, key=key))
    return started


async def finish(conn: Connection) -> None:
    """Indexes and analyzes the shadow tables; outside a transaction."""
    await conn.execute(NO_TIMEOUT)
    try:
        for table in TABLES:
            for row in await conn.fetch(LIST_INDEXES, table):
                await conn.execute(row[0], timeout=LONG_SECONDS)
            await conn.execute(VACUUM.format(table=table), timeout=LONG_SECONDS)
    finally:
        await conn.execute(USUAL_TIMEOUT)


async def swap(conn: Connection, started: datetime) -> None:
    """Takes over what was written meanwhile and swaps the shadow tables in."""
    await conn.execute(NO_TIMEOUT_HERE)
    await conn.execute(LOCK)
    for table, (_, newer) in TABLES.items():
        await conn.execute(CATCH_UP.format(table=table, newer=newer), started, timeout=LONG_SECONDS)
    await tiers.move_rebuilt(conn, LONG_SECONDS)
    await counts.count_rebuilt(conn, LONG_SECONDS)
    for forget in (FORGET_UNUSED_WORDS, FORGET_THEIR_DIGESTS):
        await conn.execute(forget, timeout=LONG_SECONDS)
    await _lock_alone(conn)
    for table in TABLES:
        await conn.execute(SWAP.format(table=table))


async def _lock_alone(conn: Connection) -> None:
    """A reader of two of the tables may hold one and wait for the other, so give way before it becomes a deadlock."""
    for _ in range(MAX_TRIES):
        try:
            async with conn.transaction():
                await conn.execute(LOCK_ALONE)
                return
        except LockNotAvailableError:
            await asyncio.sleep(0.05)
    raise Unavailable("Somebody reads the search rows without end (a dump?); nothing was changed, try again after it")
