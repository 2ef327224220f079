"""SQL of likes."""

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection
from services.insights.likes.like import Like

# The tracks' rows of track_totals are locked, so the old values cannot change before they are replaced.
COUNT = """
WITH incoming AS (
    SELECT DISTINCT ON (track_id, user_id) track_id, user_id, is_liked, version, liked_at, changed_at
    FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
        AS new (track_id, user_id, is_liked, version, liked_at, changed_at)
    ORDER BY track_id, user_id, version DESC
),
accepted AS MATERIALIZED (
    SELECT track_id, user_id, new.is_liked, coalesce(old.is_liked, false) AS was_liked, new.version, new.liked_at,
        new.changed_at
    FROM incoming AS new LEFT JOIN likes AS old USING (track_id, user_id)
    WHERE old.version IS NULL OR old.version < new.version
),
kept AS (
    INSERT INTO likes (track_id, user_id, is_liked, version, liked_at, changed_at)
    SELECT track_id, user_id, is_liked, version, liked_at, changed_at FROM accepted ORDER BY track_id, user_id
    ON CONFLICT (track_id, user_id) DO UPDATE SET
        is_liked = excluded.is_liked, version = excluded.version, liked_at = excluded.liked_at,
        changed_at = excluded.changed_at
),
transitions AS (
    SELECT track_id, sum(is_liked::int - was_liked::int) AS change FROM accepted
    GROUP BY track_id HAVING sum(is_liked::int - was_liked::int) <> 0
)
UPDATE track_totals SET likes = likes + change, is_dirty = true
FROM transitions WHERE track_totals.track_id = transitions.track_id
"""

COUNT_CHANGED = """
SELECT date_trunc('minute', changed_at) AS minute, count(*) AS count, sum(version)::bigint AS versions FROM likes
WHERE changed_at >= $1 AND changed_at < $2 GROUP BY minute
"""


async def count(conn: Connection, likes: Sequence[Like]) -> None:
    """Takes over the newer states and adjusts the tracks' totals."""
    await conn.execute(
        COUNT,
        [like.track_id for like in likes],
        [like.user_id for like in likes],
        [like.is_liked for like in likes],
        [like.version for like in likes],
        [like.liked_at for like in likes],
        [like.changed_at for like in likes],
    )


async def count_changed(conn: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """By minute: how many states last changed in it, and the sum of their versions."""
    rows = await conn.fetch(COUNT_CHANGED, since, until)
    return {row["minute"]: (row["count"], row["versions"]) for row in rows}
