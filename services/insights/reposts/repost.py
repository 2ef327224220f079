"""The whole state of one account's repost of one track or playlist, taken back or not."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class Kind(IntEnum):
    """The kind of subject, with audience's numbers."""

    TRACK = 1
    PLAYLIST = 2


@dataclass(frozen=True, slots=True)
class Repost:
    kind: Kind
    subject_id: UUID
    account_id: UUID
    is_reposted: bool
    version: int
    reposted_at: datetime
    changed_at: datetime
