"""SQL of what was compared, and of the minutes that did not agree."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from chassis.postgres import Connection

# From the oldest minute that did not agree, else from where the last round ended.
GET_START = """
SELECT least(
    (SELECT compared_until FROM reconciliations WHERE source = $1),
    (SELECT min(minute) FROM reconciliation_gaps WHERE source = $1)
)
"""
KEEP_COMPARED = """
INSERT INTO reconciliations (source, compared_until) VALUES ($1, $2)
ON CONFLICT (source) DO UPDATE SET compared_until = excluded.compared_until
"""
FORGET_GAPS = "DELETE FROM reconciliation_gaps WHERE source = $1 AND NOT minute = ANY($2::timestamptz[])"
KEEP_GAPS = """
INSERT INTO reconciliation_gaps (source, minute, missing)
SELECT $1, minute, missing FROM unnest($2::timestamptz[], $3::bigint[]) AS gaps (minute, missing)
ON CONFLICT (source, minute) DO UPDATE SET missing = excluded.missing
"""
COUNT_SET_ASIDE = """
SELECT minute, count(*) AS count FROM set_aside
WHERE consumer = $1 AND type = ANY($2::text[]) AND minute >= $3 GROUP BY minute
"""
ADD_TRIES = """
UPDATE reconciliation_gaps SET tries = tries + 1
WHERE source = $1 AND minute IN (
    SELECT minute FROM reconciliation_gaps
    WHERE source = $1 AND minute = ANY($2::timestamptz[]) AND tries < $3 ORDER BY minute DESC LIMIT $4
)
RETURNING minute
"""


async def get_start(conn: Connection, source: str) -> datetime | None:
    start: datetime | None = await conn.fetchval(GET_START, source)
    return start


async def keep(conn: Connection, source: str, until: datetime, gaps: Mapping[datetime, int]) -> None:
    """Replaces the findings of the previous round; a gap that is still there keeps its tries."""
    await conn.execute(KEEP_COMPARED, source, until)
    await conn.execute(FORGET_GAPS, source, list(gaps))
    await conn.execute(KEEP_GAPS, source, list(gaps), list(gaps.values()))


async def count_set_aside(
    conn: Connection, consumer: str, types: Collection[str], since: datetime
) -> dict[datetime, int]:
    """How many events of these types were set aside, by the minute in which their owner keeps them."""
    rows = await conn.fetch(COUNT_SET_ASIDE, consumer, list(types), since)
    return {row["minute"]: row["count"] for row in rows}


async def add_tries(
    conn: Connection, source: str, minutes: Sequence[datetime], *, max_tries: int, most: int
) -> list[datetime]:
    """The newest of these minutes that were not asked for too often, in order; each counts one more try."""
    return sorted(row["minute"] for row in await conn.fetch(ADD_TRIES, source, minutes, max_tries, most))
