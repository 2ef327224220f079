"""How many bytes an owner may still store."""

from dataclasses import dataclass
from uuid import UUID

from chassis.postgres import Connection
from services.streaming.quotas import store


@dataclass(frozen=True)
class Quotas:
    """`default_bytes` is the limit of an owner that has none of its own."""

    default_bytes: int

    async def lock_free_bytes(self, conn: Connection, owner_id: UUID, upload_id: UUID) -> int:
        """Bytes left, not counting what this upload holds; the owner stays locked until the transaction ends."""
        own_limit = await store.lock_owner(conn, owner_id)
        used = await store.count_bytes(conn, owner_id, upload_id)
        return (self.default_bytes if own_limit is None else own_limit) - used
