"""Where search looks first: tracks in tiers by how often they are played, each several times as large as that above.

A frequent word is in tens of thousands of a million tracks, and to rank them all takes half a second. So tiers are
asked from the top down, each by an index of its own, until there are enough candidates: of a frequent word soon,
and a rare one has few in every tier. What nobody has played is equally obscure and shared out by ids, so that there are
upper tiers even before anybody has played anything.
"""

from collections.abc import Sequence
from uuid import UUID

from chassis.postgres import Connection

# From the top; each has an index in the schema.
TIERS = (6, 5, 4, 3, 2, 1, 0)
# Candidates for each way of matching; what lies below all of them is not found by relevance.
MAX_CANDIDATES = 400

_LOT = "get_byte(uuid_send({id}), 15)"
_TIER = f"""
CASE WHEN {{plays}} > 0 THEN 3 + least(3, floor(log(8, {{plays}})))
    WHEN {_LOT} < 4 THEN 2 WHEN {_LOT} < 32 THEN 1 ELSE 0 END
"""
_MOVE = f"""
UPDATE {{table}} AS s SET tier = new.tier
FROM (SELECT subject_id, {_TIER.format(plays="plays", id="subject_id")} AS tier FROM totals WHERE {{which}}) AS new
WHERE s.track_id = new.subject_id AND s.tier <> new.tier
"""
MOVE = _MOVE.format(table="search_tracks", which="subject_id = $1")
MOVE_ALL = _MOVE.format(table="shadow.search_tracks", which="plays > 0")


def of(track_id: str, plays: str) -> str:
    """SQL of the tier of a track, by SQL of its id and plays; no plays may be NULL."""
    return _TIER.format(id=track_id, plays=plays)


def candidates(conditions: Sequence[str]) -> str:
    """SQL of the ids of tracks `s` that meet all of these, from the top tier down.

    Postgres runs the parts of a UNION ALL in order, and none of them once the limit is reached.
    """
    arm = f"SELECT s.track_id FROM search_tracks AS s WHERE {' AND '.join(conditions)} AND s.tier = "
    return f"(SELECT track_id FROM ({' UNION ALL '.join(f'{arm}{t}' for t in TIERS)}) AS s LIMIT {MAX_CANDIDATES})"


async def move(conn: Connection, track_id: UUID) -> None:
    """Its plays changed."""
    await conn.execute(MOVE, track_id)


async def move_rebuilt(conn: Connection, timeout_seconds: float) -> None:
    """Plays may have changed while the shadow filled."""
    await conn.execute(MOVE_ALL, timeout=timeout_seconds)
