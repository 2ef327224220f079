"""The whole state of one account's like of one playlist, taken back or not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlaylistLike:
    playlist_id: UUID
    account_id: UUID
    is_liked: bool
    version: int
    changed_at: datetime
