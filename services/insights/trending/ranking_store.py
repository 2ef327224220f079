"""SQL of bringing scores up to date."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from chassis.postgres import Connection
from services.insights.reposts.repost import Kind
from services.insights.trending.formula import Counts, Score, Standing, Window

_LOCK = "hashtextextended('soundstage.insights.ranking', 0)"
TRY_HOLD = f"SELECT pg_try_advisory_xact_lock({_LOCK})"
HOLD = f"SELECT pg_advisory_xact_lock({_LOCK})"

LIST_QUEUED_ACCOUNTS = "SELECT id, account_id, track_id FROM karma_queue ORDER BY id LIMIT $1"
FORGET_QUEUED_ACCOUNTS = "DELETE FROM karma_queue WHERE id = ANY($1::bigint[])"
LIST_QUEUED_TRACKS = "SELECT id, track_id FROM score_queue ORDER BY id LIMIT $1"
FORGET_QUEUED_TRACKS = "DELETE FROM score_queue WHERE id = ANY($1::bigint[])"
LIST_DUE = "SELECT track_id FROM track_scores WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
# Tracks whose owner has just gained or lost enough followers to be ranked.
QUEUE_OWNED = """
INSERT INTO score_queue (track_id)
SELECT track_id FROM tracks JOIN track_scores ON track_id = tracks.id
    LEFT JOIN account_totals ON account_id = owner_id
WHERE owner_id = ANY($1::uuid[]) AND has_audience <> (coalesce(followers, 0) >= $2)
"""
# A person who did both counts once. Only changed pairs are written, so pairs beyond the limit come again.
SETTLE = f"""
WITH wanted AS (
    SELECT account_id, track_id FROM unnest($2::uuid[], $3::uuid[]) AS pairs (account_id, track_id)
    UNION SELECT user_id, track_id FROM likes WHERE user_id = ANY($1::uuid[]) AND is_liked
    UNION SELECT account_id, subject_id FROM reposts
        WHERE account_id = ANY($1::uuid[]) AND is_reposted AND kind = {Kind.TRACK.value}
    UNION SELECT account_id, track_id FROM karma_parts WHERE account_id = ANY($1::uuid[])
),
compared AS (
    SELECT wanted.track_id, wanted.account_id, coalesce(part.followers, 0) AS before,
        CASE WHEN (likes.is_liked OR reposts.is_reposted) THEN coalesce(totals.followers, 0) ELSE 0 END AS after
    FROM wanted
    LEFT JOIN karma_parts AS part ON part.track_id = wanted.track_id AND part.account_id = wanted.account_id
    LEFT JOIN likes ON likes.track_id = wanted.track_id AND likes.user_id = wanted.account_id
    LEFT JOIN reposts ON reposts.subject_id = wanted.track_id AND reposts.account_id = wanted.account_id
    LEFT JOIN account_totals AS totals ON totals.account_id = wanted.account_id
),
changed AS MATERIALIZED (
    SELECT track_id, account_id, before, after FROM compared WHERE before <> after LIMIT $4
),
kept AS (
    INSERT INTO karma_parts (track_id, account_id, followers) SELECT track_id, account_id, after FROM changed
    WHERE after > 0 ON CONFLICT (track_id, account_id) DO UPDATE SET followers = excluded.followers
),
gone AS (
    DELETE FROM karma_parts USING changed
    WHERE after = 0 AND karma_parts.track_id = changed.track_id AND karma_parts.account_id = changed.account_id
),
moved AS (
    INSERT INTO track_karma AS kept (track_id, karma)
    SELECT track_id, sum(after - before) FROM changed GROUP BY track_id HAVING sum(after - before) <> 0
    ON CONFLICT (track_id) DO UPDATE SET karma = kept.karma + excluded.karma
    RETURNING track_id
),
queued AS (
    INSERT INTO score_queue (track_id) SELECT track_id FROM moved
)
SELECT count(*) FROM changed
"""
LIST_STANDINGS = """
SELECT tracks.id, number, genre,
    CASE WHEN is_public AND is_completed AND NOT is_removed THEN published_at END AS published_at,
    coalesce(followers, 0) AS followers, coalesce(karma, 0) AS karma, coalesce(plays, 0) AS plays,
    coalesce(reposts, 0) AS reposts, coalesce(likes, 0) AS likes
FROM tracks
LEFT JOIN track_totals ON track_totals.track_id = tracks.id
LEFT JOIN track_karma ON track_karma.track_id = tracks.id
LEFT JOIN account_totals ON account_id = owner_id
WHERE tracks.id = ANY($1::uuid[])
"""
# Plays: whole days behind the one that the window begins in, and of that one the hours that are within. Likes: those of
# all time less the older ones, of which a long window has few.
COUNT_WINDOWS = """
SELECT asked.track_id, edges.name,
    (SELECT coalesce(sum(plays), 0)::bigint FROM track_days
        WHERE track_id = asked.track_id AND day > (edge AT TIME ZONE 'UTC')::date)
    + (SELECT coalesce(sum(plays), 0)::bigint FROM track_hours
        WHERE track_id = asked.track_id AND hour >= edge
            AND hour < date_trunc('day', edge, 'UTC') + interval '24 hours') AS plays,
    (SELECT count(*) FROM reposts WHERE subject_id = asked.track_id AND is_reposted AND reposted_at >= edge) AS reposts,
    CASE WHEN edges.name = 'year'
        THEN coalesce((SELECT likes FROM track_totals WHERE track_id = asked.track_id), 0)
            - (SELECT count(*) FROM likes WHERE track_id = asked.track_id AND is_liked AND liked_at < edge)
        ELSE (SELECT count(*) FROM likes WHERE track_id = asked.track_id AND is_liked AND liked_at >= edge)
    END AS likes,
    least(
        (SELECT min(hour) FROM track_hours WHERE track_id = asked.track_id AND hour >= edge),
        (SELECT min(reposted_at) FROM reposts
            WHERE subject_id = asked.track_id AND is_reposted AND reposted_at >= edge),
        (SELECT min(liked_at) FROM likes WHERE track_id = asked.track_id AND is_liked AND liked_at >= edge)
    ) AS oldest
FROM unnest($1::uuid[]) AS asked (track_id)
CROSS JOIN unnest($2::text[], $3::timestamptz[]) AS edges (name, edge)
"""
_COLUMNS = "track_id, number, genre, is_listed, has_audience, week, month, year, all_time, due_at"
KEEP = f"""
INSERT INTO track_scores AS kept ({_COLUMNS})
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::boolean[], $5::boolean[], $6::float8[], $7::float8[],
    $8::float8[], $9::float8[], $10::timestamptz[])
ON CONFLICT (track_id) DO UPDATE SET
    number = excluded.number, genre = excluded.genre, is_listed = excluded.is_listed,
    has_audience = excluded.has_audience, week = excluded.week, month = excluded.month, year = excluded.year,
    all_time = excluded.all_time, due_at = excluded.due_at
WHERE kept IS DISTINCT FROM excluded
"""
KEEP_RANKED = """
INSERT INTO rankings (ranked_at) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET ranked_at = excluded.ranked_at
"""
# After a rebuild: whatever was counted wrongly was scored wrongly.
RANK_ALL = [
    "INSERT INTO score_queue (track_id) SELECT id FROM tracks",
    """
    INSERT INTO karma_queue (account_id)
    SELECT user_id FROM likes UNION SELECT account_id FROM reposts UNION SELECT account_id FROM karma_parts
    """,
]


class QueuedAccount(NamedTuple):
    id: int
    account_id: UUID
    track_id: UUID | None


class QueuedTrack(NamedTuple):
    id: int
    track_id: UUID


async def try_hold(conn: Connection) -> bool:
    """Keeps others from ranking until the transaction ends."""
    return bool(await conn.fetchval(TRY_HOLD))


async def list_queued_accounts(conn: Connection, limit: int) -> list[QueuedAccount]:
    return [QueuedAccount(*row) for row in await conn.fetch(LIST_QUEUED_ACCOUNTS, limit)]


async def forget_queued_accounts(conn: Connection, ids: Sequence[int]) -> None:
    await conn.execute(FORGET_QUEUED_ACCOUNTS, ids)


async def list_queued_tracks(conn: Connection, limit: int) -> list[QueuedTrack]:
    return [QueuedTrack(*row) for row in await conn.fetch(LIST_QUEUED_TRACKS, limit)]


async def forget_queued_tracks(conn: Connection, ids: Sequence[int]) -> None:
    await conn.execute(FORGET_QUEUED_TRACKS, ids)


async def list_due(conn: Connection, now: datetime, limit: int) -> list[UUID]:
    return [row["track_id"] for row in await conn.fetch(LIST_DUE, now, limit)]


async def queue_owned(conn: Connection, accounts: Collection[UUID], min_followers: int) -> None:
    await conn.execute(QUEUE_OWNED, accounts, min_followers)


async def settle(conn: Connection, accounts: Collection[UUID], pairs: Collection[tuple[UUID, UUID]], limit: int) -> int:
    """Updates the karma that these accounts, and pairs of account and track, contribute; returns how many changed."""
    by_pair = ([account for account, _ in pairs], [track for _, track in pairs])
    return int(await conn.fetchval(SETTLE, accounts, *by_pair, limit))


async def list_standings(conn: Connection, ids: Collection[UUID]) -> list[Standing]:
    """Of the tracks that we have a copy of."""
    rows = await conn.fetch(LIST_STANDINGS, ids)
    return [_standing(*row) for row in rows]


def _standing(*row: Any) -> Standing:
    track_id, number, genre, published_at, followers, karma, *ever = row
    return Standing(track_id, number, genre, published_at, followers, karma, Counts(*ever))


async def count_windows(
    conn: Connection, ids: Sequence[UUID], edges: Mapping[Window, object]
) -> dict[UUID, dict[Window, Counts]]:
    rows = await conn.fetch(COUNT_WINDOWS, ids, list(edges), list(edges.values()))
    windows: dict[UUID, dict[Window, Counts]] = defaultdict(dict)
    for row in rows:
        counts = Counts(row["plays"], row["reposts"], row["likes"], row["oldest"])
        windows[row["track_id"]][Window(row["name"])] = counts
    return windows


async def keep(conn: Connection, scores: Sequence[Score]) -> None:
    """Writes those that changed."""
    await conn.execute(
        KEEP,
        [s.standing.track_id for s in scores],
        [s.standing.number for s in scores],
        [s.standing.genre for s in scores],
        [s.standing.published_at is not None for s in scores],
        [s.standing.has_audience for s in scores],
        *([s.by_window[window] for s in scores] for window in Window),
        [s.due_at for s in scores],
    )


async def keep_ranked(conn: Connection, ranked_at: datetime) -> None:
    await conn.execute(KEEP_RANKED, ranked_at)
