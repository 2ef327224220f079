"""SQL of totals: who counts holds their rows, who publishes takes the dirty ones."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection
from services.insights.totals.total import AccountTotal, PlaylistTotal, Subjects, TrackTotal

# The clock's milliseconds keep versions growing even after our rows were lost; a clock set back changes nothing.
_NEXT_VERSION = "greatest(version + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"


def _make(table: str, key: str) -> str:
    return f"""
    INSERT INTO {table} ({key}) SELECT id FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id ON CONFLICT DO NOTHING
    """


def _hold(table: str, key: str) -> str:
    return f"SELECT FROM {table} WHERE {key} = ANY($1::uuid[]) ORDER BY {key} FOR NO KEY UPDATE"


def _take_dirty(table: str, key: str, columns: str) -> str:
    # In order of id, like the counting, and waiting for it: with SKIP LOCKED, busy subjects would never be published.
    return f"""
    UPDATE {table} SET is_dirty = false, version = {_NEXT_VERSION}
    WHERE {key} IN (SELECT {key} FROM {table} WHERE is_dirty ORDER BY {key} LIMIT $1 FOR NO KEY UPDATE)
    RETURNING {key}, version, {columns}
    """


# In order of id, against deadlocks. The rows are created first: a missing row cannot be locked.
MAKE_TRACKS, HOLD_TRACKS = _make("track_totals", "track_id"), _hold("track_totals", "track_id")
MAKE_PLAYLISTS, HOLD_PLAYLISTS = _make("playlist_totals", "playlist_id"), _hold("playlist_totals", "playlist_id")
MAKE_ACCOUNTS, HOLD_ACCOUNTS = _make("account_totals", "account_id"), _hold("account_totals", "account_id")
TAKE_DIRTY_TRACKS = _take_dirty("track_totals", "track_id", "plays, likes, reposts")
TAKE_DIRTY_PLAYLISTS = _take_dirty("playlist_totals", "playlist_id", "likes, reposts")
TAKE_DIRTY_ACCOUNTS = _take_dirty("account_totals", "account_id", "followers, followees, reposts_made")


async def hold(conn: Connection, subjects: Subjects) -> None:
    """Locks these until the transaction ends. Kind by kind, in the same order everywhere, against deadlocks."""
    await _hold_all(conn, MAKE_TRACKS, HOLD_TRACKS, subjects.tracks)
    await _hold_all(conn, MAKE_PLAYLISTS, HOLD_PLAYLISTS, subjects.playlists)
    await _hold_all(conn, MAKE_ACCOUNTS, HOLD_ACCOUNTS, subjects.accounts)


async def take_dirty_tracks(conn: Connection, limit: int) -> list[TrackTotal]:
    """Totals that changed since they were last published, each with a new version."""
    return [TrackTotal(*row) for row in await conn.fetch(TAKE_DIRTY_TRACKS, limit)]


async def take_dirty_playlists(conn: Connection, limit: int) -> list[PlaylistTotal]:
    return [PlaylistTotal(*row) for row in await conn.fetch(TAKE_DIRTY_PLAYLISTS, limit)]


async def take_dirty_accounts(conn: Connection, limit: int) -> list[AccountTotal]:
    return [AccountTotal(*row) for row in await conn.fetch(TAKE_DIRTY_ACCOUNTS, limit)]


async def _hold_all(conn: Connection, make: str, hold: str, ids: Collection[UUID]) -> None:
    if ids:
        await conn.execute(make, ids)
        await conn.execute(hold, ids)
