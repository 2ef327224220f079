"""The totals of one subject, as they are published."""

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TrackTotal:
    track_id: UUID
    # Only grows, even across a rebuild or the loss of our database.
    version: int
    plays: int
    likes: int
    reposts: int


@dataclass(frozen=True, slots=True)
class PlaylistTotal:
    playlist_id: UUID
    version: int
    likes: int
    reposts: int


@dataclass(frozen=True, slots=True)
class AccountTotal:
    account_id: UUID
    version: int
    followers: int
    followees: int
    reposts_made: int


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects whose totals a batch may change."""

    tracks: Set[UUID] = frozenset()
    playlists: Set[UUID] = frozenset()
    accounts: Set[UUID] = frozenset()

    def __or__(self, other: "Subjects") -> "Subjects":
        return Subjects(self.tracks | other.tracks, self.playlists | other.playlists, self.accounts | other.accounts)
