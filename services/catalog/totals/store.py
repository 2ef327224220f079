"""SQL of the totals."""

from chassis.postgres import Connection
from services.catalog.totals.total import Total

APPLY = """
INSERT INTO totals AS kept
    (subject_id, plays, likes, reposts, followers, followees, reposts_made, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (subject_id) DO UPDATE SET
    plays = excluded.plays, likes = excluded.likes, reposts = excluded.reposts, followers = excluded.followers,
    followees = excluded.followees, reposts_made = excluded.reposts_made, version = excluded.version
WHERE kept.version < excluded.version
"""


async def apply(conn: Connection, total: Total) -> None:
    """Takes over the totals if they are newer than what is kept."""
    t = total
    await conn.execute(
        APPLY, t.subject_id, t.plays, t.likes, t.reposts, t.followers, t.followees, t.reposts_made, t.version
    )
