"""SQL of the last 24 hours."""

from datetime import datetime
from uuid import UUID

from chassis.postgres import Connection
from services.insights.realtime.now import RecentPlay

COUNT_ACTIVE = """
SELECT count(DISTINCT user_id) FROM plays WHERE track_id = $1 AND occurred_at > $2 AND is_counted
"""
LIST_MINUTES = "SELECT minute, plays FROM track_minutes WHERE track_id = $1 AND minute BETWEEN $2 AND $3"
LIST_RECENT = """
SELECT occurred_at, device, heard_ms FROM plays WHERE track_id = $1 AND is_counted
ORDER BY occurred_at DESC, id DESC LIMIT $2
"""


async def count_active(conn: Connection, track_id: UUID, since: datetime) -> int:
    return int(await conn.fetchval(COUNT_ACTIVE, track_id, since))


async def list_minutes(conn: Connection, track_id: UUID, first: datetime, last: datetime) -> dict[datetime, int]:
    """Plays of each minute, both ends inclusive; empty minutes are left out."""
    return {row["minute"]: row["plays"] for row in await conn.fetch(LIST_MINUTES, track_id, first, last)}


async def list_recent(conn: Connection, track_id: UUID, limit: int) -> list[RecentPlay]:
    return [RecentPlay(*row) for row in await conn.fetch(LIST_RECENT, track_id, limit)]
