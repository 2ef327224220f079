"""SQL of a rebuild: every projection filled anew in the schema `shadow` while the old one serves, then swapped in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from chassis.postgres import Connection
from services.catalog.search import playlists, store

# Each table, and what a newer row does to an older one.
TABLES = {"search_tracks": store.NEWER, "search_playlists": playlists.NEWER}
LOCK = "LOCK TABLE search_tracks, search_playlists, search_words IN ACCESS EXCLUSIVE MODE"
LOCK_REBUILD = "SELECT pg_try_advisory_lock(hashtextextended('catalog.rebuild_search', 0))"
UNLOCK_REBUILD = "SELECT pg_advisory_unlock(hashtextextended('catalog.rebuild_search', 0))"
NOW = "SELECT clock_timestamp()"
MAKE = """
DROP TABLE IF EXISTS shadow.{table};
CREATE TABLE shadow.{table} (LIKE public.{table} INCLUDING ALL)
"""
# What was written while the shadow filled.
CATCH_UP = "INSERT INTO shadow.{table} AS kept SELECT * FROM public.{table} WHERE indexed_at >= $1 {newer}"
SWAP = "DROP TABLE public.{table}; ALTER TABLE shadow.{table} SET SCHEMA public"
FORGET_UNUSED_WORDS = """
DELETE FROM search_words WHERE word NOT IN (
    SELECT word FROM ts_stat('SELECT words FROM public.search_tracks UNION ALL SELECT words FROM public.people
        UNION ALL SELECT words FROM public.search_playlists')
)
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
    """Starts a rebuild; answers since when rows must be taken over at its end."""
    started: datetime = await conn.fetchval(NOW)
    for table in TABLES:
        await conn.execute(MAKE.format(table=table))
    return started


async def swap(conn: Connection, started: datetime) -> None:
    """Takes over what was written meanwhile and puts the shadows in the places of the tables."""
    await conn.execute(LOCK)
    for table, newer in TABLES.items():
        await conn.execute(CATCH_UP.format(table=table, newer=newer), started)
        await conn.execute(SWAP.format(table=table))
    await conn.execute(FORGET_UNUSED_WORDS)
