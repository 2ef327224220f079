"""SQL of reposts."""

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection
from services.insights.reposts.repost import Kind, Repost

# All subjects' and accounts' rows of totals are locked, so the old values cannot change before they are replaced.
COUNT = f"""
WITH incoming AS (
    SELECT DISTINCT ON (subject_id, account_id)
        kind, subject_id, account_id, is_reposted, version, reposted_at, changed_at
    FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::boolean[], $5::bigint[], $6::timestamptz[],
        $7::timestamptz[]) AS new (kind, subject_id, account_id, is_reposted, version, reposted_at, changed_at)
    ORDER BY subject_id, account_id, version DESC
),
accepted AS MATERIALIZED (
    SELECT new.kind, subject_id, account_id, new.is_reposted, coalesce(old.is_reposted, false) AS was_reposted,
        new.version, new.reposted_at, new.changed_at
    FROM incoming AS new LEFT JOIN reposts AS old USING (subject_id, account_id)
    WHERE old.version IS NULL OR old.version < new.version
),
kept AS (
    INSERT INTO reposts (subject_id, account_id, kind, is_reposted, version, reposted_at, changed_at)
    SELECT subject_id, account_id, kind, is_reposted, version, reposted_at, changed_at FROM accepted
    ORDER BY subject_id, account_id
    ON CONFLICT (subject_id, account_id) DO UPDATE SET
        is_reposted = excluded.is_reposted, version = excluded.version, reposted_at = excluded.reposted_at,
        changed_at = excluded.changed_at
),
transitions AS MATERIALIZED (
    SELECT kind, subject_id, account_id, is_reposted::int - was_reposted::int AS change FROM accepted
    WHERE is_reposted <> was_reposted
),
subjects AS (
    SELECT kind, subject_id, sum(change) AS change FROM transitions GROUP BY kind, subject_id HAVING sum(change) <> 0
),
tracks AS (
    UPDATE track_totals SET reposts = reposts + change, is_dirty = true
    FROM subjects WHERE kind = {Kind.TRACK.value} AND track_id = subject_id
),
playlists AS (
    UPDATE playlist_totals SET reposts = reposts + change, is_dirty = true
    FROM subjects WHERE kind = {Kind.PLAYLIST.value} AND playlist_id = subject_id
),
accounts AS (
    SELECT account_id, sum(change) AS change FROM transitions GROUP BY account_id HAVING sum(change) <> 0
)
UPDATE account_totals SET reposts_made = reposts_made + change, is_dirty = true
FROM accounts WHERE account_totals.account_id = accounts.account_id
"""

COUNT_CHANGED = """
SELECT date_trunc('minute', changed_at) AS minute, count(*) AS count, sum(version)::bigint AS versions FROM reposts
WHERE changed_at >= $1 AND changed_at < $2 GROUP BY minute
"""


async def count(conn: Connection, reposts: Sequence[Repost]) -> None:
    """Takes over the newer states and adjusts the subjects' and accounts' totals."""
    await conn.execute(
        COUNT,
        [repost.kind for repost in reposts],
        [repost.subject_id for repost in reposts],
        [repost.account_id for repost in reposts],
        [repost.is_reposted for repost in reposts],
        [repost.version for repost in reposts],
        [repost.reposted_at for repost in reposts],
        [repost.changed_at for repost in reposts],
    )


async def count_changed(conn: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """By minute: how many states last changed in it, and the sum of their versions."""
    rows = await conn.fetch(COUNT_CHANGED, since, until)
    return {row["minute"]: (row["count"], row["versions"]) for row in rows}
