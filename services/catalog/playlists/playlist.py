"""A playlist: what stands in it, who may read and change it, and how it moves from one version to the next."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from chassis import ids
from chassis.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from chassis.principal import Kind, Principal
from services.catalog.people.person import Person
from services.catalog.tracks import slug
from services.catalog.tracks.track import Outline

MAX_TRACKS = 1000
MAX_COLLABORATORS = 1000
LINK_LIVES = timedelta(days=30)


class Permission(IntEnum):
    """Each includes the one before."""

    READ = 1
    WRITE = 2
    ADMIN = 3
    # Never a collaborator's: only the owner and administrators have it.
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in the list; a track may have several."""

    id: UUID
    track_id: UUID
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Collaborator:
    account_id: UUID
    permission: Permission
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Playlist:
    id: UUID
    number: int
    tenant: str
    owner_id: UUID
    owner_number: int
    title: str
    description: str | None
    is_public: bool
    created_at: datetime
    updated_at: datetime
    entries: tuple[Entry, ...] = ()
    collaborators: tuple[Collaborator, ...] = ()
    is_album: bool = False
    # Of an album: its title as `Track.album_key` folds it.
    album_key: str | None = None
    version: int = 1
    is_removed: bool = False

    @property
    def slug(self) -> str:
        return slug.of(self.title, nameless="playlist")

    @property
    def track_ids(self) -> list[UUID]:
        """Each distinct one once."""
        return list(dict.fromkeys(entry.track_id for entry in self.entries))

    def is_open_to(self, caller: Principal) -> bool:
        """Whether the caller may know that it exists; another tenant's does not."""
        return not self.is_removed and (caller.tenant == self.tenant or caller.kind is Kind.SERVICE)

    def permission_of(self, caller: Principal) -> Permission | None:
        """What the caller may do with it; None: no more than everyone."""
        if caller.is_admin or caller.is_(self.owner_id):
            return Permission.OWNER
        found = self.find_collaborator(caller.account_id)
        return found.permission if found else None

    def may_be_seen_by(self, caller: Principal) -> bool:
        is_ours = self.permission_of(caller) is not None or caller.kind is Kind.SERVICE
        return self.is_open_to(caller) and (self.is_public or is_ours)

    def find_collaborator(self, account_id: UUID | None) -> Collaborator | None:
        return next((one for one in self.collaborators if one.account_id == account_id), None)

    def changed(self, now: datetime, **changes: Any) -> "Playlist":
        return replace(self, version=self.version + 1, updated_at=now, **changes)

    def removed(self, now: datetime) -> "Playlist":
        """The tombstone: only what other services' copies need."""
        blank = {"description": None, "entries": (), "collaborators": (), "album_key": None}
        return self.changed(now, is_removed=True, **blank)

    def with_track(self, track_id: UUID, now: datetime) -> "Playlist":
        """Raises Conflict if it is there already, or the playlist is full."""
        if any(entry.track_id == track_id for entry in self.entries):
            raise Conflict("The track is already in the playlist")
        if len(self.entries) >= MAX_TRACKS:
            raise Conflict(f"A playlist holds at most {MAX_TRACKS} tracks")
        return self.changed(now, entries=(*self.entries, Entry(ids.new_id(), track_id, now)))

    def without_track(self, track_id: UUID, now: datetime) -> "Playlist":
        """Without any of its entries. Raises NotFound when it has none."""
        left = tuple(entry for entry in self.entries if entry.track_id != track_id)
        if len(left) == len(self.entries):
            raise NotFound("The track is not in this playlist")
        return self.changed(now, entries=left)

    def reordered(self, order: Sequence[UUID], hidden: Collection[UUID], now: datetime) -> "Playlist":
        """In the order of these tracks. Those `hidden` from whoever asks may be left out and keep their places.

        Raises Invalid unless `order` names each of the others exactly as often as it stands here.
        """
        named = Counter(order)
        wanted = Counter(e.track_id for e in self.entries if e.track_id in named or e.track_id not in hidden)
        if named != wanted:
            raise Invalid(fields=[FieldError("track_ids", "must name every track of the playlist exactly once")])
        entries = list(self.entries)
        for place, entry in zip(_places(entries, named), _queued(entries, order), strict=True):
            entries[place] = entry
        return self.changed(now, entries=tuple(entries))

    def with_collaborator(self, added: Collaborator, now: datetime) -> "Playlist":
        """Raises Conflict for the owner, for a collaborator, and if there are too many."""
        if added.account_id == self.owner_id or self.find_collaborator(added.account_id):
            raise Conflict("This user is already the owner or a collaborator")
        if len(self.collaborators) >= MAX_COLLABORATORS:
            raise Conflict(f"A playlist has at most {MAX_COLLABORATORS} collaborators")
        return self.changed(now, collaborators=(*self.collaborators, added))

    def with_permission(self, account_id: UUID, permission: Permission, now: datetime) -> "Playlist":
        """Raises NotFound."""
        self._require_collaborator(account_id)
        changed = (replace(c, permission=permission) if c.account_id == account_id else c for c in self.collaborators)
        return self.changed(now, collaborators=tuple(changed))

    def without_collaborator(self, account_id: UUID, now: datetime) -> "Playlist":
        """Raises NotFound."""
        self._require_collaborator(account_id)
        return self.changed(now, collaborators=tuple(c for c in self.collaborators if c.account_id != account_id))

    def _require_collaborator(self, account_id: UUID) -> None:
        if self.find_collaborator(account_id) is None:
            raise NotFound("This user is not a collaborator")


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry that the caller may see, at its position (from 1) among all that are left."""

    entry: Entry
    position: int
    track: Outline


@dataclass(frozen=True, slots=True)
class View:
    """A playlist as one caller may see it, with its owner and totals."""

    playlist: Playlist
    owner: Person
    entries: tuple[Shown, ...]
    plays: int
    likes: int
    reposts: int

    @property
    def track_count(self) -> int:
        return len({shown.track.id for shown in self.entries})

    @property
    def cover_object(self) -> str:
        return next((shown.track.cover_object for shown in self.entries if shown.track.cover_object), "")


@dataclass(frozen=True, slots=True)
class Link:
    """What a share link grants, and until when."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list of playlists, and its caller; None means any."""

    tenant: str
    # Sees own private ones and those it collaborates on; None: only public ones.
    reader_id: UUID | None = None
    owner_id: UUID | None = None
    is_public: bool | None = None
    only_downloadable: bool = False
    without_albums: bool = False


def seen(playlist: Playlist | None, caller: Principal) -> Playlist:
    """Raises NotFound; Forbidden when it is private and not the caller's."""
    if playlist is None or not playlist.is_open_to(caller):
        raise NotFound("Playlist not found")
    if not playlist.may_be_seen_by(caller):
        raise Forbidden("This playlist is private")
    return playlist


def permitted(playlist: Playlist | None, caller: Principal, least: Permission) -> Playlist:
    """Raises NotFound; Forbidden when the caller has less than `least` here."""
    found = seen(playlist, caller)
    if (found.permission_of(caller) or 0) < least:
        raise Forbidden("This playlist is not yours to change")
    return found


def editable(playlist: Playlist | None, caller: Principal, least: Permission) -> Playlist:
    """As `permitted`; Forbidden for an album too."""
    found = permitted(playlist, caller, least)
    if found.is_album:
        raise Forbidden("An album follows its tracks and is not changed by hand")
    return found


def shown(playlist: Playlist, outlines: dict[UUID, Outline], caller: Principal) -> tuple[Shown, ...]:
    """Positions skip deleted tracks; hidden ones leave a gap."""
    standing = [entry for entry in playlist.entries if entry.track_id in outlines]
    placed = (Shown(entry, place, outlines[entry.track_id]) for place, entry in enumerate(standing, 1))
    return tuple(one for one in placed if one.track.may_be_seen_by(caller))


def _places(entries: Sequence[Entry], named: Counter[UUID]) -> list[int]:
    return [place for place, entry in enumerate(entries) if entry.track_id in named]


def _queued(entries: Sequence[Entry], order: Sequence[UUID]) -> list[Entry]:
    """The entries in the order of their tracks; several of one track keep their order."""
    waiting: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in reversed(entries):
        waiting[entry.track_id].append(entry)
    return [waiting[track_id].pop() for track_id in order]
