"""The bytes that an arriving upload holds of its owner's quota."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from chassis.errors import Unavailable
from chassis.postgres import Connection, Database
from services.streaming.quotas.domain import Quotas
from services.streaming.uploads import store
from services.streaming.uploads.upload import invalid

# Reserved in steps while the file's size is unknown.
STEP_BYTES = 8 * 1024 * 1024
# A file may take a quarter of an hour to arrive, and its call as long; a database that hangs is reported at once.
DATABASE_SECONDS = 4.0


@asynccontextmanager
async def prompt_transaction(database: Database) -> AsyncIterator[Connection]:
    """A transaction that also raises Unavailable if the database just does not answer."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS), database.transaction() as conn:
            yield conn
    except TimeoutError as fault:
        raise Unavailable(retry_after_seconds=1) from fault


class Reservation:
    """The bytes that one upload holds of its owner's quota."""

    def __init__(self, database: Database, quotas: Quotas, *, max_bytes: int, upload_id: UUID, owner_id: UUID) -> None:
        self._database, self._quotas, self._max_bytes = database, quotas, max_bytes
        self._id, self._owner_id = upload_id, owner_id
        self._bytes = 0

    async def hold(self, total_bytes: int) -> None:
        """Ensures that `total_bytes` are held. Raises Invalid TOO_LARGE or QUOTA_EXCEEDED."""
        if total_bytes > self._max_bytes:
            raise invalid(f"The file is larger than {self._max_bytes // 2**20} MiB", "TOO_LARGE")
        if total_bytes > self._bytes:
            await self._grow(total_bytes)

    async def _grow(self, total_bytes: int) -> None:
        async with prompt_transaction(self._database) as conn:
            free = await self._quotas.lock_free_bytes(conn, self._owner_id, self._id)
            if total_bytes > free:
                raise invalid("The upload quota is used up", "QUOTA_EXCEEDED")
            # A step ahead of what came, but never more than there is: the last file may fill the quota to the byte.
            grown = min(max(total_bytes, self._bytes + STEP_BYTES), free) if self._bytes else total_bytes
            await store.reserve(conn, self._id, self._owner_id, grown)
        self._bytes = grown

    async def release(self) -> None:
        async with prompt_transaction(self._database) as conn:
            await store.release(conn, self._id)
