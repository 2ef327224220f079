"""A like of a playlist, as it is stored and published."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlaylistLike:
    """Whether an account likes a playlist. A withdrawn one stays as a tombstone, with a version that only grows."""

    playlist_id: UUID
    account_id: UUID
    owner_id: UUID
    is_liked: bool
    version: int
    liked_at: datetime
    changed_at: datetime

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.playlist_id, self.account_id
