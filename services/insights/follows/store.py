"""SQL of follows."""

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection
from services.insights.follows.follow import Follow

# Both accounts' rows of account_totals are locked, so the old values cannot change before they are replaced.
COUNT = """
WITH incoming AS (
    SELECT DISTINCT ON (followee_id, follower_id) followee_id, follower_id, is_following, version, changed_at
    FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[], $5::timestamptz[])
        AS new (followee_id, follower_id, is_following, version, changed_at)
    ORDER BY followee_id, follower_id, version DESC
),
accepted AS MATERIALIZED (
    SELECT followee_id, follower_id, new.is_following, coalesce(old.is_following, false) AS was_following,
        new.version, new.changed_at
    FROM incoming AS new LEFT JOIN follows AS old USING (followee_id, follower_id)
    WHERE old.version IS NULL OR old.version < new.version
),
kept AS (
    INSERT INTO follows (followee_id, follower_id, is_following, version, changed_at)
    SELECT followee_id, follower_id, is_following, version, changed_at FROM accepted ORDER BY followee_id, follower_id
    ON CONFLICT (followee_id, follower_id) DO UPDATE SET
        is_following = excluded.is_following, version = excluded.version, changed_at = excluded.changed_at
),
transitions AS (
    SELECT followee_id, follower_id, is_following::int - was_following::int AS change FROM accepted
    WHERE is_following <> was_following
),
changes AS (
    SELECT account_id, sum(followers) AS followers, sum(followees) AS followees
    FROM (
        SELECT followee_id AS account_id, change AS followers, 0 AS followees FROM transitions
        UNION ALL
        SELECT follower_id, 0, change FROM transitions
    ) AS each_side
    GROUP BY account_id
)
UPDATE account_totals SET
    followers = account_totals.followers + changes.followers,
    followees = account_totals.followees + changes.followees,
    is_dirty = true
FROM changes WHERE account_totals.account_id = changes.account_id
"""

COUNT_CHANGED = """
SELECT date_trunc('minute', changed_at) AS minute, count(*) AS count, sum(version)::bigint AS versions FROM follows
WHERE changed_at >= $1 AND changed_at < $2 GROUP BY minute
"""


async def count(conn: Connection, follows: Sequence[Follow]) -> None:
    """Takes over the newer states and adjusts both accounts' totals."""
    await conn.execute(
        COUNT,
        [follow.followee_id for follow in follows],
        [follow.follower_id for follow in follows],
        [follow.is_following for follow in follows],
        [follow.version for follow in follows],
        [follow.changed_at for follow in follows],
    )


async def count_changed(conn: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """By minute: how many states last changed in it, and the sum of their versions."""
    rows = await conn.fetch(COUNT_CHANGED, since, until)
    return {row["minute"]: (row["count"], row["versions"]) for row in rows}
