"""What insights counts of one subject: a track, a playlist or an account."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Total:
    """The absolute totals of one subject, as insights counts them."""

    subject_id: UUID
    plays: int
    likes: int
    reposts: int
    followers: int
    followees: int
    reposts_made: int
    version: int
