"""The whole state of one account's following of another, ended or not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Follow:
    followee_id: UUID
    follower_id: UUID
    is_following: bool
    version: int
    changed_at: datetime
