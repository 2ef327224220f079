"""A like, as it is stored and published."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a user likes a track. A withdrawn one stays as a tombstone, with a version that only grows."""

    track_id: UUID
    user_id: UUID
    owner_id: UUID
    is_liked: bool
    version: int
    liked_at: datetime
    changed_at: datetime

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.track_id, self.user_id
