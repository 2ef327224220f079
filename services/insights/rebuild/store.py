"""SQL of a rebuild: shadow tables in a schema of their own, compared with the live ones and swapped."""

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection
from services.insights.plays import store as plays
from services.insights.plays.play import Play
from services.insights.tracks import store as tracks
from services.insights.trending import ranking_store as ranking

SHADOW = "rebuild"
LIVE = "public"
# For statements over all plays; the pool's own timeout is for requests.
LONG_SECONDS = 6 * 3600.0

# The columns compared of each table; versions and dirty flags say what was published, not what was counted.
COMPARED = {
    "tracks": tracks.COLUMNS,
    "plays": plays.COLUMNS,
    "likes": "track_id, user_id, is_liked, version, liked_at, changed_at",
    "follows": "followee_id, follower_id, is_following, version, changed_at",
    "reposts": "subject_id, account_id, kind, is_reposted, version, reposted_at, changed_at",
    "playlist_likes": "playlist_id, account_id, is_liked, version, changed_at",
    "track_totals": "track_id, plays, timed_plays, heard_ms, completed_plays, listeners, likes, reposts",
    "playlist_totals": "playlist_id, likes, reposts",
    "account_totals": "account_id, followers, followees, reposts_made",
    "track_days": "track_id, day, plays, timed_plays, heard_ms, completed_plays, skipped_plays, listeners",
    "track_hours": "track_id, hour, plays",
    "track_minutes": "track_id, minute, plays",
    "track_positions": 'track_id, day, "position", plays',
    "track_devices": "track_id, day, device, plays",
    "track_listeners": "track_id, user_id, streams, hours, first_streamed_at, last_streamed_at",
    "track_listener_days": "track_id, day, user_id, plays, hours",
}
# Rows of zeros mean the same as no rows, and nobody reads minutes older than a day.
CONDITIONS = {
    "track_totals": "plays + likes + reposts > 0",
    "playlist_totals": "likes + reposts > 0",
    "account_totals": "followers + followees + reposts_made > 0",
    "track_minutes": "minute >= $1",
}

TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('soundstage.insights.rebuild', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('soundstage.insights.rebuild', 0))"
MAKE_SHADOW = f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE; CREATE SCHEMA {SHADOW}"
DROP_SHADOW = f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE"
NO_TIMEOUT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
GET_PLACES = f"SELECT topic, partition, next FROM {LIVE}.consumer_offsets WHERE consumer = $1"
# What the owners have and the live consumer has not seen yet: it waits in an outbox or in Kafka.
COUNT_UNDERWAY = f"""
SELECT
    (SELECT count(*) FROM {SHADOW}.plays AS new WHERE new.received_at > $1
        AND NOT EXISTS (SELECT FROM {LIVE}.plays AS old WHERE old.id = new.id))
    + (SELECT count(*) FROM {SHADOW}.likes AS new LEFT JOIN {LIVE}.likes AS old USING (track_id, user_id)
        WHERE new.changed_at > $1 AND coalesce(old.version, 0) < new.version)
    + (SELECT count(*) FROM {SHADOW}.follows AS new LEFT JOIN {LIVE}.follows AS old USING (followee_id, follower_id)
        WHERE new.changed_at > $1 AND coalesce(old.version, 0) < new.version)
    + (SELECT count(*) FROM {SHADOW}.reposts AS new LEFT JOIN {LIVE}.reposts AS old USING (subject_id, account_id)
        WHERE new.changed_at > $1 AND coalesce(old.version, 0) < new.version)
    + (SELECT count(*) FROM {SHADOW}.playlist_likes AS new
        LEFT JOIN {LIVE}.playlist_likes AS old USING (playlist_id, account_id)
        WHERE new.changed_at > $1 AND coalesce(old.version, 0) < new.version)
"""
# In the order in which consumers lock them, so that none waits for us while we wait for it. Reads continue.
HELD_FIRST = ["consumer_offsets", "track_totals", "playlist_totals", "account_totals"]
HOLD_LIVE = [
    # The ranking is paused meanwhile: it reads these tables in an order of its own.
    ranking.HOLD,
    *(
        f"LOCK TABLE {LIVE}.{table} IN EXCLUSIVE MODE"
        for table in [*HELD_FIRST, *sorted(COMPARED.keys() - set(HELD_FIRST))]
    ),
]
# The copy of tracks has been updated meanwhile.
TAKE_NEWER_TRACKS = f"""
INSERT INTO {SHADOW}.tracks AS kept ({tracks.COLUMNS}) SELECT {tracks.COLUMNS} FROM {LIVE}.tracks {tracks.TAKE_OVER}
"""
# Totals by table: their key, and the columns that are published.
TOLD = {
    "track_totals": ("track_id", ("plays", "likes", "reposts")),
    "playlist_totals": ("playlist_id", ("likes", "reposts")),
    "account_totals": ("account_id", ("followers", "followees", "reposts_made")),
}


def _of(row: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{row}.{column}" for column in columns)


# Versions keep growing, and totals that differ are published again; what was counted wrongly becomes 0.
GO_ON = [
    statement
    for table, (key, told) in TOLD.items()
    for statement in (
        f"""
        UPDATE {SHADOW}.{table} AS new SET
            version = old.version,
            is_dirty = old.is_dirty OR ({_of("new", told)}) <> ({_of("old", told)})
        FROM {LIVE}.{table} AS old WHERE old.{key} = new.{key}
        """,
        f"""
        INSERT INTO {SHADOW}.{table} ({key}, version, is_dirty)
        SELECT {key}, version, true FROM {LIVE}.{table} ON CONFLICT DO NOTHING
        """,
    )
]
SWAP = [
    statement
    for table in COMPARED
    for statement in (f"DROP TABLE {LIVE}.{table}", f"ALTER TABLE {SHADOW}.{table} SET SCHEMA {LIVE}")
]


async def try_lock(conn: Connection) -> bool:
    """One rebuild at a time; held by this connection."""
    return bool(await conn.fetchval(TRY_LOCK))


async def unlock(conn: Connection) -> None:
    await conn.execute(UNLOCK)


async def make_shadow(conn: Connection) -> None:
    await conn.execute(MAKE_SHADOW)


async def drop_shadow(conn: Connection) -> None:
    await conn.execute(DROP_SHADOW)


async def add_plays(conn: Connection, batch: Sequence[Play]) -> None:
    """Into the schema of `conn`, without counting them."""
    await conn.copy_records_to_table(
        "plays", records=zip(*plays.columns(batch), strict=True), columns=plays.NAMES, timeout=LONG_SECONDS
    )


async def count_plays(conn: Connection, minutes_since: datetime) -> None:
    """Computes all aggregates of the plays in the schema of `conn`."""
    await conn.execute(NO_TIMEOUT)
    await conn.execute("ANALYZE plays", timeout=LONG_SECONDS)
    await conn.execute(plays.COUNT_ALL, minutes_since, timeout=LONG_SECONDS)


async def get_places(conn: Connection, consumer: str) -> dict[tuple[str, int], int]:
    return {(row["topic"], row["partition"]): row["next"] for row in await conn.fetch(GET_PLACES, consumer)}


async def count_underway(conn: Connection, since: datetime) -> int:
    return int(await conn.fetchval(COUNT_UNDERWAY, since, timeout=LONG_SECONDS))


async def hold_live(conn: Connection) -> None:
    """Stops counting until the transaction ends; reads continue."""
    await conn.execute(NO_TIMEOUT)
    for statement in HOLD_LIVE:
        await conn.execute(statement, timeout=LONG_SECONDS)


async def take_newer_tracks(conn: Connection) -> None:
    await conn.execute(TAKE_NEWER_TRACKS, timeout=LONG_SECONDS)


async def compare(conn: Connection, minutes_since: datetime) -> dict[str, int]:
    """Rows found in only one of the two, by table; tables that agree are left out."""
    differing = {}
    for table in COMPARED:
        arguments = [minutes_since] if table == "track_minutes" else []
        differing[table] = int(await conn.fetchval(_difference(table), *arguments, timeout=LONG_SECONDS))
    return {table: rows for table, rows in differing.items() if rows}


async def swap(conn: Connection) -> None:
    for statement in [*GO_ON, *SWAP, *ranking.RANK_ALL]:
        await conn.execute(statement, timeout=LONG_SECONDS)


def _difference(table: str) -> str:
    live, shadow = (
        f"SELECT {COMPARED[table]} FROM {schema}.{table} WHERE {CONDITIONS.get(table, 'true')}"
        for schema in (LIVE, SHADOW)
    )
    return f"""
    SELECT count(*) FROM (({live} EXCEPT ALL {shadow}) UNION ALL ({shadow} EXCEPT ALL {live})) AS differing
    """
