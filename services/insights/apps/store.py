"""SQL of apps. Their tables lie in a schema that a rebuild leaves alone: nobody else could give them again."""

from collections.abc import Collection, Mapping
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
# Of each hour that has ended and of all time, what is not among those with most requests becomes OTHER.
FOLD_HOURS = """
WITH ranked AS (
    SELECT hour, name, row_number() OVER (PARTITION BY hour ORDER BY requests DESC, name COLLATE "C") AS place
    FROM own.app_hours WHERE hour < date_trunc('hour', $1::timestamptz, 'UTC') AND name <> $2
), gone AS (
    DELETE FROM own.app_hours AS h USING ranked
    WHERE ranked.place > $3 AND h.hour = ranked.hour AND h.name = ranked.name RETURNING h.hour, h.requests
)
INSERT INTO own.app_hours AS kept (hour, name, requests) SELECT hour, $2, sum(requests) FROM gone GROUP BY hour
ON CONFLICT (hour, name) DO UPDATE SET requests = kept.requests + excluded.requests
"""
FOLD_TOTALS = """
WITH gone AS (
    DELETE FROM own.app_totals WHERE name IN (
        SELECT name FROM own.app_totals WHERE name <> $1 ORDER BY requests DESC, name COLLATE "C" OFFSET $2
    ) RETURNING requests
)
INSERT INTO own.app_totals AS kept (name, requests) SELECT $1, sum(requests) FROM gone HAVING count(*) > 0
ON CONFLICT (name) DO UPDATE SET requests = kept.requests + excluded.requests
"""
NAMES_OF_HOUR = """
SELECT count(*) AS count, coalesce(array_agg(name) FILTER (WHERE name = ANY($1::text[])), '{}') AS known
FROM own.app_hours WHERE hour = date_trunc('hour', $2::timestamptz, 'UTC')
"""
PRUNE_HOURS = "DELETE FROM own.app_hours WHERE hour < $1"
PRUNE_REPORTS = "DELETE FROM own.app_reports WHERE kept_at < $1"
GET = "SELECT address, owner_number, name, description, image FROM own.apps WHERE address = $1"
ADD = """
INSERT INTO own.apps (address, owner_number, name, description, image, added_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def add_report(conn: Connection, id: UUID, now: datetime) -> bool:
    """Whether it was not known yet."""
    return await conn.fetchval(ADD_REPORT, id, now) is not None


async def names_of_hour(conn: Connection, names: Collection[str], at: datetime) -> tuple[int, set[str]]:
    """How many names the hour has, and which of these are among them."""
    row = await conn.fetchrow(NAMES_OF_HOUR, names, at)
    assert row is not None
    return row["count"], set(row["known"])


async def fold(conn: Connection, now: datetime, other: str, most_of_hour: int, most: int) -> None:
    """Sums up the names with fewest requests as `other`."""
    await conn.execute(FOLD_HOURS, now, other, most_of_hour)
    await conn.execute(FOLD_TOTALS, other, most)


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
