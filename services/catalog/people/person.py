"""What catalog keeps of an account, and the card that it gives of one."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as auth's events report it."""

    id: UUID
    number: int
    tenant: str
    handle: str
    name: str
    bio: str | None
    picture: str | None
    location: str | None
    # 0: from an answer of auth, which has no version; any event is newer.
    version: int
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A person's card and totals."""

    id: UUID
    number: int
    handle: str
    name: str
    bio: str | None = None
    picture: str | None = None
    location: str | None = None
    track_count: int = 0
    album_count: int = 0
    playlist_count: int = 0
    follower_count: int = 0
    followee_count: int = 0
    repost_count: int = 0
