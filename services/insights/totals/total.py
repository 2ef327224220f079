"""The totals of one subject, as others are told of them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TrackTotal:
    track_id: UUID
    # Grows for ever, also over a rebuild or the loss of our database.
    version: int
    plays: int
    likes: int


@dataclass(frozen=True, slots=True)
class AccountTotal:
    account_id: UUID
    version: int
    followers: int
    followees: int
