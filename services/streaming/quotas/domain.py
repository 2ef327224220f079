"""How many bytes an owner may still store."""

from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldError, Invalid
from chassis.postgres import Connection
from services.streaming.media.renditions import MAX_BYTES_PER_SECOND
from services.streaming.quotas import store

# What is made of an owner's recordings may take so many times the bytes of their quota: a lossless original makes less
# than its own size, an MP3 of 128 kbit/s five times as much, a silent FLAC fifty times.
MADE_FACTOR = 8


@dataclass(frozen=True)
class Quotas:
    """`default_bytes` is the limit of an owner that has none of its own."""

    default_bytes: int
    seconds_a_day: int

    async def lock_free_bytes(self, conn: Connection, owner_id: UUID, upload_id: UUID) -> int:
        """Bytes left, not counting what this upload holds; the owner stays locked until the transaction ends."""
        own_limit = await store.lock_owner(conn, owner_id)
        used = await store.count_bytes(conn, owner_id, upload_id)
        return (self.default_bytes if own_limit is None else own_limit) - used

    async def check_sound(self, conn: Connection, owner_id: UUID, seconds: float) -> None:
        """Raises Invalid QUOTA_EXCEEDED if so many more seconds are too many: of a day, or for what is made of them."""
        own_limit = await store.lock_owner(conn, owner_id)
        sent, made_bytes = await store.count_sound(conn, owner_id, MAX_BYTES_PER_SECOND)
        if sent + seconds > self.seconds_a_day:
            raise _exceeded(f"You may upload {self.seconds_a_day // 3600} hours of sound a day")
        most = MADE_FACTOR * (self.default_bytes if own_limit is None else own_limit)
        if made_bytes + seconds * MAX_BYTES_PER_SECOND > most:
            raise _exceeded("What is made of your tracks would take more room than your quota allows")


def _exceeded(message: str) -> Invalid:
    return Invalid(message, reason="QUOTA_EXCEEDED", fields=[FieldError("file", message)])
