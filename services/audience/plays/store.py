"""SQL of plays."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis.postgres import Connection
from services.audience.plays.play import Item, MinuteCount, Play

COLUMNS = """
    id, track_id, owner_id, user_id, seconds, duration_ms, device, source, is_authenticated,
    idempotency_key, fingerprint, occurred_at, received_at
"""
# Skips what is already known by id or by key. The order makes two groups that share keys wait for each other in one
# direction only.
ADD = f"""
INSERT INTO plays ({COLUMNS})
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::bigint[], $7::text[], $8::smallint[],
    $9::boolean[], $10::text[], $11::bytea[], $12::timestamptz[], $13::timestamptz[]
) AS new ({COLUMNS}) ORDER BY user_id, is_authenticated, idempotency_key, id
ON CONFLICT DO NOTHING RETURNING id
"""
GET_FIRSTS = f"""
SELECT {COLUMNS} FROM plays WHERE id = ANY($1::uuid[])
UNION
SELECT {COLUMNS} FROM plays
WHERE (user_id, is_authenticated, idempotency_key) IN (SELECT * FROM unnest($2::uuid[], $3::boolean[], $4::text[]))
    AND idempotency_key IS NOT NULL
"""
COUNT_MINUTES = """
SELECT date_trunc('minute', received_at) AS minute, count(*) AS count
FROM plays
WHERE received_at >= $1 AND received_at < least($2, date_trunc('minute', clock_timestamp() - $3::interval))
GROUP BY 1 ORDER BY 1
"""
LIST_RECEIVED_IN = f"""
SELECT {COLUMNS} FROM plays WHERE received_at >= $1 AND received_at < $1 + interval '1 minute'
"""
LIST_AFTER = f"SELECT {COLUMNS} FROM plays WHERE id > $1 ORDER BY id LIMIT $2"


async def add(conn: Connection, plays: Sequence[Play]) -> set[UUID]:
    """Stores the plays and returns the ids of the new ones."""
    rows = await conn.fetch(
        ADD,
        [p.id for p in plays],
        [p.track_id for p in plays],
        [p.owner_id for p in plays],
        [p.user_id for p in plays],
        [p.seconds for p in plays],
        [p.duration_ms for p in plays],
        [p.device for p in plays],
        [p.source for p in plays],
        [p.is_authenticated for p in plays],
        [p.key for p in plays],
        [p.fingerprint for p in plays],
        [p.occurred_at for p in plays],
        [p.received_at for p in plays],
    )
    return {row[0] for row in rows}


async def get_firsts(conn: Connection, items: Sequence[Item]) -> list[Play]:
    """The stored plays that share an id or a key with one of these."""
    keyed = [item for item in items if item.key]
    ids = [item.id for item in items]
    keys = zip(*((item.user_id, item.is_authenticated, item.key) for item in keyed), strict=True)
    rows = await conn.fetch(GET_FIRSTS, ids, *(list(column) for column in keys) if keyed else ([], [], []))
    return [Play(*row) for row in rows]


async def count_minutes(
    conn: Connection, since: datetime, until: datetime, sealed_after: timedelta
) -> list[MinuteCount]:
    return [MinuteCount(*row) for row in await conn.fetch(COUNT_MINUTES, since, until, sealed_after)]


async def each_received_in(conn: Connection, minute: datetime, batch: int) -> AsyncIterator[list[Play]]:
    """The plays received in this minute, in batches; inside a transaction."""
    cursor = await conn.cursor(LIST_RECEIVED_IN, minute)
    while rows := await cursor.fetch(batch):
        yield [Play(*row) for row in rows]


async def list_after(conn: Connection, after: UUID, most: int) -> list[Play]:
    """The plays that follow `after` in order of id."""
    return [Play(*row) for row in await conn.fetch(LIST_AFTER, after, most)]
