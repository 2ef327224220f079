"""One user's listening to one track."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Listener:
    user_id: UUID
    streams: int
    first_streamed_at: datetime
    last_streamed_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Rank 0: no streams."""

    streams: int
    rank: int


@dataclass(frozen=True, slots=True)
class Audience:
    total_streams: int
    unique_listeners: int
    listeners: list[Listener]
    main_user: Place | None


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams of each of several tracks, and the distinct listeners of all."""

    by_track: dict[UUID, int]
    unique_listeners: int


@dataclass(frozen=True, slots=True)
class TrackStreams:
    track_id: UUID
    title: str
    streams: int


@dataclass(frozen=True, slots=True)
class ArtistAudience:
    """`tracks`: most streams first, then by id; `total_streams` is their sum."""

    total_streams: int
    unique_listeners: int
    tracks: list[TrackStreams]
