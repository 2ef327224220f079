"""SQL of plays and of what is summed up from them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from services.insights.plays.play import Play

NAMES = (
    "id",
    "track_id",
    "user_id",
    "occurred_at",
    "received_at",
    "heard_ms",
    "position",
    "is_completed",
    "is_skipped",
    "is_counted",
    "device",
)
COLUMNS = """id, track_id, user_id, occurred_at, received_at, heard_ms, "position", is_completed, is_skipped,
    is_counted, device"""
ARRAYS = """unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bigint[],
    $7::smallint[], $8::boolean[], $9::boolean[], $10::boolean[], $11::text[])"""

ADD = f"INSERT INTO plays ({COLUMNS}) SELECT * FROM {ARRAYS} ON CONFLICT (id) DO NOTHING RETURNING id"

# All aggregates of the plays in `source`. One statement, so one snapshot, taken after the tracks' rows of track_totals
# were locked: nobody else changes the old values read here.
_COUNT = """
WITH fresh AS MATERIALIZED (
    SELECT track_id, user_id, occurred_at, (occurred_at AT TIME ZONE 'UTC')::date AS day,
        1 << extract(hour FROM occurred_at AT TIME ZONE 'UTC')::int AS hour_bit, heard_ms, "position", is_completed,
        is_skipped, device
    FROM {source} WHERE is_counted
),
listener_days AS MATERIALIZED (
    SELECT track_id, day, user_id, count(*) AS plays, bit_or(hour_bit) AS hours, min(occurred_at) AS first_at,
        max(occurred_at) AS last_at
    FROM fresh WHERE user_id IS NOT NULL GROUP BY track_id, day, user_id
),
compared_days AS MATERIALIZED (
    SELECT track_id, day, user_id, new.plays, first_at, last_at, old.user_id IS NULL AS is_new,
        bit_count((new.hours | coalesce(old.hours, 0))::bit(24)) - bit_count(coalesce(old.hours, 0)::bit(24))
            AS new_hours
    FROM listener_days AS new LEFT JOIN track_listener_days AS old USING (track_id, day, user_id)
),
kept_days AS (
    INSERT INTO track_listener_days AS kept (track_id, day, user_id, plays, hours)
    SELECT track_id, day, user_id, plays, hours FROM listener_days ORDER BY track_id, day, user_id
    ON CONFLICT (track_id, day, user_id) DO UPDATE SET
        plays = kept.plays + excluded.plays, hours = kept.hours | excluded.hours
),
listeners AS MATERIALIZED (
    SELECT track_id, user_id, sum(new.plays) AS streams, sum(new.new_hours) AS hours, min(first_at) AS first_at,
        max(last_at) AS last_at
    FROM compared_days AS new GROUP BY track_id, user_id
),
new_listeners AS MATERIALIZED (
    SELECT track_id, count(*) AS listeners FROM listeners LEFT JOIN track_listeners AS old USING (track_id, user_id)
    WHERE old.user_id IS NULL GROUP BY track_id
),
kept_listeners AS (
    INSERT INTO track_listeners AS kept (track_id, user_id, streams, hours, first_streamed_at, last_streamed_at)
    SELECT track_id, user_id, streams, hours, first_at, last_at FROM listeners ORDER BY track_id, user_id
    ON CONFLICT (track_id, user_id) DO UPDATE SET
        streams = kept.streams + excluded.streams, hours = kept.hours + excluded.hours,
        first_streamed_at = least(kept.first_streamed_at, excluded.first_streamed_at),
        last_streamed_at = greatest(kept.last_streamed_at, excluded.last_streamed_at)
),
days AS MATERIALIZED (
    SELECT track_id, day, count(*) AS plays, count(heard_ms) AS timed_plays, coalesce(sum(heard_ms), 0) AS heard_ms,
        count(*) FILTER (WHERE is_completed) AS completed_plays, count(*) FILTER (WHERE is_skipped) AS skipped_plays
    FROM fresh GROUP BY track_id, day
),
day_listeners AS (
    SELECT track_id, day, count(*) AS listeners FROM compared_days WHERE is_new GROUP BY track_id, day
),
kept_track_days AS (
    INSERT INTO track_days AS kept
        (track_id, day, plays, timed_plays, heard_ms, completed_plays, skipped_plays, listeners)
    SELECT track_id, day, plays, timed_plays, heard_ms, completed_plays, skipped_plays, coalesce(listeners, 0)
    FROM days LEFT JOIN day_listeners USING (track_id, day) ORDER BY track_id, day
    ON CONFLICT (track_id, day) DO UPDATE SET
        plays = kept.plays + excluded.plays, timed_plays = kept.timed_plays + excluded.timed_plays,
        heard_ms = kept.heard_ms + excluded.heard_ms, completed_plays = kept.completed_plays + excluded.completed_plays,
        skipped_plays = kept.skipped_plays + excluded.skipped_plays, listeners = kept.listeners + excluded.listeners
),
kept_minutes AS (
    INSERT INTO track_minutes AS kept (track_id, minute, plays)
    SELECT track_id, date_trunc('minute', occurred_at) AS minute, count(*) FROM fresh
    WHERE occurred_at >= {minutes_since} GROUP BY track_id, minute ORDER BY track_id, minute
    ON CONFLICT (track_id, minute) DO UPDATE SET plays = kept.plays + excluded.plays
),
kept_hours AS (
    INSERT INTO track_hours AS kept (track_id, hour, plays)
    SELECT track_id, date_trunc('hour', occurred_at, 'UTC') AS hour, count(*) FROM fresh
    GROUP BY track_id, hour ORDER BY track_id, hour
    ON CONFLICT (track_id, hour) DO UPDATE SET plays = kept.plays + excluded.plays
),
kept_positions AS (
    INSERT INTO track_positions AS kept (track_id, day, "position", plays)
    SELECT track_id, day, "position", count(*) FROM fresh WHERE "position" IS NOT NULL
    GROUP BY track_id, day, "position" ORDER BY track_id, day, "position"
    ON CONFLICT (track_id, day, "position") DO UPDATE SET plays = kept.plays + excluded.plays
),
kept_devices AS (
    INSERT INTO track_devices AS kept (track_id, day, device, plays)
    SELECT track_id, day, coalesce(device, 'unknown') AS named, count(*) FROM fresh
    GROUP BY track_id, day, named ORDER BY track_id, day, named
    ON CONFLICT (track_id, day, device) DO UPDATE SET plays = kept.plays + excluded.plays
),
totals AS (
    SELECT track_id, sum(plays) AS plays, sum(timed_plays) AS timed_plays, sum(heard_ms) AS heard_ms,
        sum(completed_plays) AS completed_plays
    FROM days GROUP BY track_id
)
INSERT INTO track_totals AS kept (track_id, plays, timed_plays, heard_ms, completed_plays, listeners, is_dirty)
SELECT track_id, plays, timed_plays, heard_ms, completed_plays, coalesce(listeners, 0), true
FROM totals LEFT JOIN new_listeners USING (track_id) ORDER BY track_id
ON CONFLICT (track_id) DO UPDATE SET
    plays = kept.plays + excluded.plays, timed_plays = kept.timed_plays + excluded.timed_plays,
    heard_ms = kept.heard_ms + excluded.heard_ms, completed_plays = kept.completed_plays + excluded.completed_plays,
    listeners = kept.listeners + excluded.listeners, is_dirty = true
"""
COUNT = _COUNT.format(source=f"{ARRAYS} AS plays ({COLUMNS})", minutes_since="$12::timestamptz")
COUNT_ALL = _COUNT.format(source="plays", minutes_since="$1::timestamptz")

COUNT_RECEIVED = """
SELECT date_trunc('minute', received_at) AS minute, count(*) AS count FROM plays
WHERE received_at >= $1 AND received_at < $2 GROUP BY minute
"""
PRUNE_MINUTES = "DELETE FROM track_minutes WHERE minute < $1"

# Reads look back 24 hours; plays may come a day late.
MINUTES_KEPT = timedelta(hours=25)


async def add(conn: Connection, plays: Sequence[Play]) -> set[UUID]:
    """Stores the new ones; returns their ids."""
    return {row["id"] for row in await conn.fetch(ADD, *columns(plays))}


async def count(conn: Connection, plays: Sequence[Play], now: datetime) -> None:
    """Adds plays to all aggregates. Each play must be passed exactly once."""
    await conn.execute(COUNT, *columns(plays), now - MINUTES_KEPT)


async def count_received(conn: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """Stored plays by the minute they were received, as audience counts them; plays have no versions to sum."""
    return {row["minute"]: (row["count"], 0) for row in await conn.fetch(COUNT_RECEIVED, since, until)}


async def prune_minutes(conn: Connection, now: datetime) -> None:
    await conn.execute(PRUNE_MINUTES, now - MINUTES_KEPT)


def columns(plays: Sequence[Play]) -> list[list[Any]]:
    heard = [play.listening for play in plays]
    return [
        [play.id for play in plays],
        [play.track_id for play in plays],
        [play.user_id for play in plays],
        [play.occurred_at for play in plays],
        [play.received_at for play in plays],
        [h and h.heard_ms for h in heard],
        [h and h.position for h in heard],
        [h is not None and h.is_completed for h in heard],
        [h is not None and h.is_skipped for h in heard],
        [play.is_counted for play in plays],
        [play.device for play in plays],
    ]
