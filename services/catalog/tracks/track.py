"""A track: what it is, who may see it, and how it moves from one state to the next."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from chassis.ids import Ref
from chassis.principal import Kind, Principal
from services.catalog.people.person import Person
from services.catalog.tracks import slug
from services.catalog.words import words


class Status(StrEnum):
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class Sort(StrEnum):
    RELEVANCE = "relevance"
    CREATED_AT = "created_at"
    TITLE = "title"
    POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Loudness:
    """By EBU R 128; None if it could not be measured."""

    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What transcoding measured; `objects` are names in the store."""

    recording_id: UUID
    track_id: UUID
    duration_ms: int
    loudness: Loudness
    progressive_object: str
    cover_object: str


class Visible:
    """Who may see and who may change a track, from what both of its shapes have."""

    __slots__ = ()
    owner_id: UUID
    is_public: bool
    status: Status
    is_removed: bool

    @property
    def is_listed(self) -> bool:
        """Whether everyone may see it."""
        return self.is_public and self.status is Status.COMPLETED and not self.is_removed

    def may_be_seen_by(self, caller: Principal) -> bool:
        return self.is_listed or self.may_be_changed_by(caller) or caller.kind is Kind.SERVICE

    def may_be_changed_by(self, caller: Principal) -> bool:
        return caller.is_admin or caller.is_(self.owner_id)


@dataclass(frozen=True, slots=True)
class Outline(Visible):
    """As much of a track as a playlist needs."""

    id: UUID
    number: int
    owner_id: UUID
    is_public: bool
    status: Status
    cover_object: str
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Track(Visible):
    id: UUID
    number: int
    owner_id: UUID
    owner_number: int
    recording_id: UUID
    title: str
    artist: str
    album: str | None
    genre: str | None
    year: int | None
    mood: str | None
    tags: tuple[str, ...]
    description: str | None
    is_public: bool
    format: str
    file_bytes: int
    created_at: datetime
    updated_at: datetime
    status: Status = Status.PROCESSING
    duration_ms: int = 0
    loudness: Loudness = Loudness()
    progressive_object: str = ""
    cover_object: str = ""
    # When it first became public and completed.
    published_at: datetime | None = None
    version: int = 1
    is_removed: bool = False

    @property
    def slug(self) -> str:
        return slug.of(self.title)

    @property
    def album_key(self) -> str | None:
        """The album's title, folded: one owner's tracks with the same key form one album."""
        return self.album and (words.fold(self.album) or self.album)

    @property
    def duration_seconds(self) -> int:
        return (self.duration_ms + 500) // 1000

    def changed(self, now: datetime, **changes: Any) -> "Track":
        """The next version; sets `published_at` if this makes it listed."""
        after = replace(self, version=self.version + 1, updated_at=now, **changes)
        return replace(after, published_at=now) if after.is_listed and after.published_at is None else after

    def completed(self, recording: Recording, now: datetime) -> "Track":
        return self.changed(
            now,
            status=Status.COMPLETED,
            duration_ms=recording.duration_ms,
            loudness=recording.loudness,
            progressive_object=recording.progressive_object,
            cover_object=recording.cover_object,
        )

    def removed(self, now: datetime) -> "Track":
        """The tombstone: only what other services' copies need."""
        blank = {"album": None, "mood": None, "tags": (), "description": None, "loudness": Loudness()}
        objects = {"progressive_object": "", "cover_object": ""}
        return self.changed(now, is_removed=True, **blank, **objects)


@dataclass(frozen=True, slots=True)
class View:
    """A track to show: its card, its owner's card and its totals."""

    id: UUID
    number: int
    is_listed: bool
    card: bytes
    owner: Person
    plays: int
    likes: int
    reposts: int
    is_sold: bool

    @property
    def is_downloadable(self) -> bool:
        return self.is_listed and not self.is_sold


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of a list of tracks; None means any."""

    owner_id: UUID | None = None
    owner_number: int | None = None
    genre: str | None = None
    format: str | None = None
    min_duration_seconds: int | None = None
    max_duration_seconds: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    only_downloadable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    sort: Sort = Sort.CREATED_AT
    is_ascending: bool = False


class Wanted(NamedTuple):
    """One item of a batch: its caller's track."""

    ref: Ref
    caller: Principal
    public_only: bool = False
