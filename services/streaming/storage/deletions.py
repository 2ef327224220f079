"""Objects that are to be deleted: rows that join the caller's transaction."""

from chassis.postgres import Connection

# A worker may still be writing: delete again once its lease must have ended.
ADD = """
INSERT INTO deletions (prefix, due_at) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
ON CONFLICT (prefix) DO UPDATE SET due_at = greatest(deletions.due_at, excluded.due_at)
"""
LIST_DUE = """
SELECT prefix FROM deletions WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 20
"""
FORGET = "DELETE FROM deletions WHERE prefix = $1 AND due_at <= clock_timestamp()"


async def add(conn: Connection, prefix: str, delay_seconds: float = 0.0) -> None:
    await conn.execute(ADD, prefix, delay_seconds)


async def list_due(conn: Connection) -> list[str]:
    return [row["prefix"] for row in await conn.fetch(LIST_DUE)]


async def forget(conn: Connection, prefix: str) -> None:
    await conn.execute(FORGET, prefix)
