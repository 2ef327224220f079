"""SQL of freshness."""

from datetime import datetime

from chassis.postgres import Connection

GET_PLACES = "SELECT topic, partition, next FROM consumer_offsets WHERE consumer = $1"
KEEP_PASSED = """
INSERT INTO freshness AS kept (passed_at) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET passed_at = excluded.passed_at WHERE kept.passed_at < excluded.passed_at
"""
GET_PASSED = "SELECT passed_at FROM freshness"


async def get_places(conn: Connection, consumer: str) -> dict[tuple[str, int], int]:
    """The counting consumer's offsets, by topic and partition."""
    return {(row["topic"], row["partition"]): row["next"] for row in await conn.fetch(GET_PLACES, consumer)}


async def keep_passed(conn: Connection, passed_at: datetime) -> None:
    await conn.execute(KEEP_PASSED, passed_at)


async def get_passed(conn: Connection) -> datetime | None:
    passed_at: datetime | None = await conn.fetchval(GET_PASSED)
    return passed_at
