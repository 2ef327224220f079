"""The whole state of one user's like of one track, taken back or not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Like:
    track_id: UUID
    user_id: UUID
    is_liked: bool
    version: int
    liked_at: datetime
    changed_at: datetime
