"""SQL of apps. Their tables lie in a schema that a rebuild leaves alone: nobody else could give them again."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from chassis.postgres import Connection
from services.insights.apps.app import App

ADD_REPORT = "INSERT INTO own.app_reports (id, kept_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id"
# In order of name, against deadlocks.
COUNT_HOURS = """
INSERT INTO own.app_hours AS kept (hour, name, requests)
SELECT date_trunc('hour', $3::timestamptz, 'UTC'), name, requests
FROM unnest($1::text[], $2::bigint[]) AS new (name, requests) ORDER BY name
ON CONFLICT (hour, name) DO UPDATE SET requests = kept.requests + excluded.requests
"""
COUNT_TOTALS = """
INSERT INTO own.app_totals AS kept (name, requests)
SELECT name, requests FROM unnest($1::text[], $2::bigint[]) AS new (name, requests) ORDER BY name
ON CONFLICT (name) DO UPDATE SET requests = kept.requests + excluded.requests
"""
# An hour stays in the range until all of it is too old.
LIST_SINCE = """
SELECT name, sum(requests)::bigint AS requests FROM own.app_hours
WHERE hour >= date_trunc('hour', $1::timestamptz, 'UTC') GROUP BY name ORDER BY requests DESC, name COLLATE "C" LIMIT $2
"""
LIST_TOTALS = 'SELECT name, requests FROM own.app_totals ORDER BY requests DESC, name COLLATE "C" LIMIT $1'
PRUNE_HOURS = "DELETE FROM own.app_hours WHERE hour < $1"
PRUNE_REPORTS = "DELETE FROM own.app_reports WHERE kept_at < $1"
GET = "SELECT address, owner_number, name, description, image FROM own.apps WHERE address = $1"
ADD = """
INSERT INTO own.apps (address, owner_number, name, description, image, added_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def add_report(conn: Connection, id: UUID, now: datetime) -> bool:
    """Whether it was not known yet."""
    return await conn.fetchval(ADD_REPORT, id, now) is not None


async def count(conn: Connection, counts: Mapping[str, int], counted_at: datetime) -> None:
    names, requests = list(counts), list(counts.values())
    await conn.execute(COUNT_HOURS, names, requests, counted_at)
    await conn.execute(COUNT_TOTALS, names, requests)


async def list_since(conn: Connection, since: datetime, limit: int) -> list[tuple[str, int]]:
    return [(row["name"], row["requests"]) for row in await conn.fetch(LIST_SINCE, since, limit)]


async def list_totals(conn: Connection, limit: int) -> list[tuple[str, int]]:
    return [(row["name"], row["requests"]) for row in await conn.fetch(LIST_TOTALS, limit)]


async def prune(conn: Connection, before: datetime) -> None:
    await conn.execute(PRUNE_HOURS, before)
    await conn.execute(PRUNE_REPORTS, before)


async def get(conn: Connection, address: str) -> App | None:
    row = await conn.fetchrow(GET, address)
    return App(*row) if row else None


async def add(conn: Connection, app: App, now: datetime) -> None:
    await conn.execute(ADD, app.address, app.owner_number, app.name, app.description, app.image, now)
