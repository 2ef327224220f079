"""A repost, as it is stored and published."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class Kind(IntEnum):
    """What is reposted, as the protocol numbers it."""

    TRACK = 1
    PLAYLIST = 2


@dataclass(frozen=True, slots=True)
class Repost:
    """Whether an account reposts a subject. A withdrawn one stays as a tombstone, with a version that only grows."""

    subject_id: UUID
    account_id: UUID
    kind: int
    owner_id: UUID
    is_reposted: bool
    version: int
    reposted_at: datetime
    changed_at: datetime

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.subject_id, self.account_id
