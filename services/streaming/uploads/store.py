"""SQL of uploads that are arriving."""

from uuid import UUID

from chassis.postgres import Connection

RESERVE = """
INSERT INTO uploads (id, owner_id, reserved_bytes) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET reserved_bytes = excluded.reserved_bytes
"""
RELEASE = "DELETE FROM uploads WHERE id = $1"
TAKE_ABANDONED = """
DELETE FROM uploads WHERE started_at < clock_timestamp() - make_interval(secs => $1) RETURNING id
"""


async def reserve(conn: Connection, upload_id: UUID, owner_id: UUID, reserved_bytes: int) -> None:
    await conn.execute(RESERVE, upload_id, owner_id, reserved_bytes)


async def release(conn: Connection, upload_id: UUID) -> bool:
    """False if there was none: it took so long that it was swept."""
    return str(await conn.execute(RELEASE, upload_id)) != "DELETE 0"


async def take_abandoned(conn: Connection, age_seconds: float) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(TAKE_ABANDONED, age_seconds)]
