"""SQL of likes of playlists."""

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection
from services.insights.playlist_likes.playlist_like import PlaylistLike

# The playlists' rows of playlist_totals are locked, so the old values cannot change before they are replaced.
COUNT = """
WITH incoming AS (
    SELECT DISTINCT ON (playlist_id, account_id) playlist_id, account_id, is_liked, version, changed_at
    FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[], $5::timestamptz[])
        AS new (playlist_id, account_id, is_liked, version, changed_at)
    ORDER BY playlist_id, account_id, version DESC
),
accepted AS MATERIALIZED (
    SELECT playlist_id, account_id, new.is_liked, coalesce(old.is_liked, false) AS was_liked, new.version,
        new.changed_at
    FROM incoming AS new LEFT JOIN playlist_likes AS old USING (playlist_id, account_id)
    WHERE old.version IS NULL OR old.version < new.version
),
kept AS (
    INSERT INTO playlist_likes (playlist_id, account_id, is_liked, version, changed_at)
    SELECT playlist_id, account_id, is_liked, version, changed_at FROM accepted ORDER BY playlist_id, account_id
    ON CONFLICT (playlist_id, account_id) DO UPDATE SET
        is_liked = excluded.is_liked, version = excluded.version, changed_at = excluded.changed_at
),
transitions AS (
    SELECT playlist_id, sum(is_liked::int - was_liked::int) AS change FROM accepted
    GROUP BY playlist_id HAVING sum(is_liked::int - was_liked::int) <> 0
)
UPDATE playlist_totals SET likes = likes + change, is_dirty = true
FROM transitions WHERE playlist_totals.playlist_id = transitions.playlist_id
"""

COUNT_CHANGED = """
SELECT date_trunc('minute', changed_at) AS minute, count(*) AS count, sum(version)::bigint AS versions
FROM playlist_likes WHERE changed_at >= $1 AND changed_at < $2 GROUP BY minute
"""


async def count(conn: Connection, likes: Sequence[PlaylistLike]) -> None:
    """Takes over the newer states and adjusts the playlists' totals."""
    await conn.execute(
        COUNT,
        [like.playlist_id for like in likes],
        [like.account_id for like in likes],
        [like.is_liked for like in likes],
        [like.version for like in likes],
        [like.changed_at for like in likes],
    )


async def count_changed(conn: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """By minute: how many states last changed in it, and the sum of their versions."""
    rows = await conn.fetch(COUNT_CHANGED, since, until)
    return {row["minute"]: (row["count"], row["versions"]) for row in rows}
