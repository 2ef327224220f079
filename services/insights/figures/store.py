"""SQL of figures."""

from datetime import date
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from services.insights.figures.figure import Day, Listeners, Stats, Sums, Window

GET_STATS = """
SELECT plays, timed_plays, heard_ms, completed_plays, likes, reposts, listeners FROM track_totals WHERE track_id = $1
"""
LIST_DAYS = """
SELECT day, plays, timed_plays, heard_ms, completed_plays, skipped_plays, listeners FROM track_days
WHERE track_id = $1 AND day BETWEEN $2 AND $3
"""
LIST_LIKES = """
SELECT (liked_at AT TIME ZONE 'UTC')::date AS day, count(*) AS likes FROM likes
WHERE track_id = $1 AND is_liked AND liked_at >= $2 AND liked_at < $3 GROUP BY day
"""
LIST_REPOSTS = """
SELECT (reposted_at AT TIME ZONE 'UTC')::date AS day, count(*) AS reposts FROM reposts
WHERE subject_id = $1 AND is_reposted AND reposted_at >= $2 AND reposted_at < $3 GROUP BY day
"""
COUNT_LISTENERS = """
SELECT count(*) AS listeners, count(likes.user_id) AS saved
FROM (SELECT DISTINCT user_id FROM track_listener_days WHERE track_id = $1 AND day BETWEEN $2 AND $3) AS listeners
LEFT JOIN likes ON likes.track_id = $1 AND likes.user_id = listeners.user_id AND likes.is_liked
"""
LIST_POSITIONS = """
SELECT "position", sum(plays)::bigint AS plays FROM track_positions
WHERE track_id = $1 AND day BETWEEN $2 AND $3 GROUP BY "position"
"""
LIST_DEVICES = """
SELECT device, sum(plays)::bigint AS plays FROM track_devices
WHERE track_id = $1 AND day BETWEEN $2 AND $3 GROUP BY device ORDER BY plays DESC, device COLLATE "C" LIMIT $4
"""


async def get_stats(conn: Connection, track_id: UUID) -> Stats:
    row = await conn.fetchrow(GET_STATS, track_id)
    if row is None:
        return Stats(Sums(), 0)
    sums = Sums(
        row["plays"],
        row["timed_plays"],
        row["heard_ms"],
        row["completed_plays"],
        likes=row["likes"],
        reposts=row["reposts"],
    )
    return Stats(sums, row["listeners"])


async def list_days(conn: Connection, track_id: UUID, window: Window) -> list[Day]:
    """Every day of the window, oldest first."""
    rows = {row["day"]: row for row in await conn.fetch(LIST_DAYS, track_id, window.first, window.last)}
    liked = await conn.fetch(LIST_LIKES, track_id, window.since, window.until)
    likes: dict[date, int] = {row["day"]: row["likes"] for row in liked}
    reposted = await conn.fetch(LIST_REPOSTS, track_id, window.since, window.until)
    reposts: dict[date, int] = {row["day"]: row["reposts"] for row in reposted}
    return [
        Day(day, _sums(rows.get(day), likes.get(day, 0), reposts.get(day, 0)), _listeners(rows.get(day)))
        for day in window.days
    ]


async def count_listeners(conn: Connection, track_id: UUID, window: Window) -> Listeners:
    row = await conn.fetchrow(COUNT_LISTENERS, track_id, window.first, window.last)
    assert row is not None
    return Listeners(row["listeners"], row["saved"])


async def list_positions(conn: Connection, track_id: UUID, window: Window) -> dict[int, int]:
    """Timed plays by the last twentieth of the duration that they reached."""
    rows = await conn.fetch(LIST_POSITIONS, track_id, window.first, window.last)
    return {row["position"]: row["plays"] for row in rows}


async def list_devices(conn: Connection, track_id: UUID, window: Window, limit: int) -> list[tuple[str, int]]:
    """Devices and their plays, most first, then by name."""
    rows = await conn.fetch(LIST_DEVICES, track_id, window.first, window.last, limit)
    return [(row["device"], row["plays"]) for row in rows]


def _sums(row: Any, likes: int, reposts: int) -> Sums:
    if row is None:
        return Sums(likes=likes, reposts=reposts)
    return Sums(
        row["plays"],
        row["timed_plays"],
        row["heard_ms"],
        row["completed_plays"],
        row["skipped_plays"],
        likes=likes,
        reposts=reposts,
    )


def _listeners(row: Any) -> int:
    return row["listeners"] if row else 0
