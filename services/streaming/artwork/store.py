"""Covers in the rows of recordings."""

from uuid import UUID

from chassis.postgres import Connection

GET_AS_IT_CAME = """
SELECT id FROM recordings WHERE id > $1 AND state = 'ready' AND cover_object NOT LIKE '%/' || $2 ORDER BY id LIMIT 1
"""
REPLACE = """
UPDATE recordings SET cover_object = $3 WHERE id = $1 AND cover_object = $2 AND state <> 'removed' RETURNING id
"""


async def get_as_it_came(conn: Connection, after_id: UUID, name: str) -> UUID | None:
    """The next recording that is ready, but whose cover is not called `name`."""
    recording_id: UUID | None = await conn.fetchval(GET_AS_IT_CAME, after_id, name)
    return recording_id


async def replace(conn: Connection, recording_id: UUID, before: str, after: str | None) -> bool:
    """False if the recording was removed or has another cover by now."""
    return await conn.fetchval(REPLACE, recording_id, before, after) is not None
