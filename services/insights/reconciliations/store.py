"""SQL of what was compared, and of the minutes that did not agree."""

from collections.abc import Mapping
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
FORGET_GAPS = "DELETE FROM reconciliation_gaps WHERE source = $1"
KEEP_GAPS = """
INSERT INTO reconciliation_gaps (source, minute, missing)
SELECT $1, minute, missing FROM unnest($2::timestamptz[], $3::bigint[]) AS gaps (minute, missing)
ON CONFLICT (source, minute) DO UPDATE SET missing = excluded.missing
"""


async def get_start(conn: Connection, source: str) -> datetime | None:
    start: datetime | None = await conn.fetchval(GET_START, source)
    return start


async def keep(conn: Connection, source: str, until: datetime, gaps: Mapping[datetime, int]) -> None:
    """Replaces the findings of the previous round."""
    await conn.execute(KEEP_COMPARED, source, until)
    await conn.execute(FORGET_GAPS, source)
    await conn.execute(KEEP_GAPS, source, list(gaps), list(gaps.values()))
