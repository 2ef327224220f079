"""SQL of the copy of playlists."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection
from services.audience.playlists.playlist import Playlist

# unnest flattens nested arrays, so each playlist's collaborators come as one string.
APPLY = """
INSERT INTO playlists AS kept (id, tenant, owner_id, is_public, collaborator_ids, version, is_removed)
SELECT id, tenant, owner_id, is_public, collaborator_ids::uuid[], version, is_removed
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::boolean[], $5::text[], $6::bigint[], $7::boolean[])
    AS new (id, tenant, owner_id, is_public, collaborator_ids, version, is_removed)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    tenant = excluded.tenant, owner_id = excluded.owner_id, is_public = excluded.is_public,
    collaborator_ids = excluded.collaborator_ids, version = excluded.version, is_removed = excluded.is_removed
WHERE kept.version < excluded.version
"""
GET = """
SELECT id, tenant, owner_id, is_public, collaborator_ids, version, is_removed FROM playlists WHERE id = $1
"""
# Adding a state to a playlist locks its row, so that none is added after its removal.
GET_FOR_SHARE = GET + " FOR SHARE"


async def apply(conn: Connection, playlists: Collection[Playlist]) -> None:
    """Takes over the states that are newer than what is kept."""
    await conn.execute(
        APPLY,
        [p.id for p in playlists],
        [p.tenant for p in playlists],
        [p.owner_id for p in playlists],
        [p.is_public for p in playlists],
        [f"{{{','.join(map(str, p.collaborator_ids))}}}" for p in playlists],
        [p.version for p in playlists],
        [p.is_removed for p in playlists],
    )


async def get(conn: Connection, id: UUID) -> Playlist | None:
    row = await conn.fetchrow(GET, id)
    return Playlist(*row) if row else None


async def get_for_share(conn: Connection, id: UUID) -> Playlist | None:
    row = await conn.fetchrow(GET_FOR_SHARE, id)
    return Playlist(*row) if row else None
