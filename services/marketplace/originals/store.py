"""SQL of originals."""

from uuid import UUID

from chassis.postgres import Connection
from services.marketplace.originals.original import Original

# Of two orders, one failing and one placed, the lock on the track decides which comes first.
IS_HELD = """
EXISTS (
    SELECT 1 FROM order_lines AS line JOIN orders ON orders.id = line.order_id
    WHERE line.recording_id = {recording} AND orders.status IN ('pending', 'completed')
)
"""

DECIDE = f"""
INSERT INTO originals (recording_id, track_id, is_kept) VALUES ($1, $2, {IS_HELD.format(recording="$1")})
ON CONFLICT (recording_id) DO NOTHING
RETURNING recording_id, track_id, is_kept
"""

RELEASE = f"""
UPDATE originals SET is_kept = false
WHERE track_id = ANY($1) AND is_kept AND NOT {IS_HELD.format(recording="originals.recording_id")}
RETURNING recording_id, track_id, is_kept
"""


async def decide(conn: Connection, track_id: UUID, recording_id: UUID) -> Original | None:
    """Decides on the original of a removed track, whose row is locked; None if that was done before."""
    row = await conn.fetchrow(DECIDE, recording_id, track_id)
    return Original(**row) if row else None


async def release(conn: Connection, track_ids: set[UUID]) -> list[Original]:
    """Lets go of kept originals that no order needs any more; the tracks' rows are locked."""
    return [Original(**row) for row in await conn.fetch(RELEASE, list(track_ids))]
