"""A follow, as it is stored and published."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Follow:
    """Whether one account follows another. A withdrawn one stays as a tombstone, with a version that only grows."""

    follower_id: UUID
    followee_id: UUID
    is_following: bool
    version: int
    followed_at: datetime
    changed_at: datetime

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.follower_id, self.followee_id
