"""The rules of playlists. A write is one MongoDB transaction: document, idempotency key and event."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from chassis import idempotency, ids
from chassis.errors import Error, FieldError, Invalid, NotFound
from chassis.ids import Ref
from chassis.mongo import Mongo, Session
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import Principal
from services.catalog import events, moments
from services.catalog.people.domain import People
from services.catalog.people.person import Person
from services.catalog.playlists import facts, store
from services.catalog.playlists.edits import Edits, Listings
from services.catalog.playlists.playlist import (
    Permission,
    Playlist,
    View,
    Wanted,
    editable,
    seen,
    shown,
)
from services.catalog.tracks import domain as tracks_domain
from services.catalog.tracks import store as tracks_store
from services.catalog.tracks.form import Form, changes
from services.catalog.tracks.track import Outline
from services.catalog.tracks.track import Wanted as WantedTrack
from services.catalog.tracks.upload import check_key

FIELDS = ("title", "description", "is_public")


class Finder(Protocol):
    """Finds playlists by their rows, which may be older than the documents."""

    async def search_playlists(self, query: str, wanted: Wanted, page: Page) -> tuple[list[Playlist], int]: ...

    async def recommend_playlists(self, tenant: str, account_id: UUID, most: int) -> list[Playlist]: ...


class Playlists:
    def __init__(
        self,
        *,
        mongo: Mongo,
        database: Database,
        people: People,
        listings: Listings,
        finder: Finder,
    ) -> None:
        self._mongo = mongo
        self._database = database
        self._people = people
        self._listings = listings
        self._finder = finder
        self._edits = Edits(mongo, listings)

    async def add(self, caller: Principal, form: Form, key: str, fingerprint: bytes) -> View:
        """Adds an empty playlist; the same key returns the same one again.

        Raises Invalid (also IDEMPOTENCY_KEY_REUSED), Forbidden.
        """
        said = changes(FIELDS, form)
        check_key(key)
        owner = await self._people.require(caller.user_id)
        now = moments.now()
        new = Playlist(
            id=ids.new_id(),
            number=await store.take_number(self._mongo),
            tenant=caller.tenant,
            owner_id=owner.id,
            owner_number=owner.number,
            created_at=now,
            updated_at=now,
            **said,
        )

        async def work(session: Session) -> Playlist:
            kept_as = f"{owner.id} playlists.add {key}"
            kept = await store.get_answer(self._mongo, session, kept_as) if key else None
            if kept and kept[0] != fingerprint:
                raise idempotency.reused()
            if kept:
                return kept[1]
            await store.add(self._mongo, session, new)
            if key:
                await store.keep_answer(self._mongo, session, kept_as, fingerprint, new)
            await self._mongo.add_event(session, events.playlist_changed(new))
            return new

        added = await self._mongo.run(work)
        await self._listings.write_playlist_soon(added)
        return await self._one(caller, added)

    async def get(self, caller: Principal, ref: Ref, *, public_only: bool = False) -> View:
        """Raises NotFound, Forbidden."""
        found = await self.list_states([ref])
        playlist = found[0] if found else None
        if public_only and not (playlist and playlist.is_public):
            raise NotFound("Playlist not found")
        [view] = await self.show(caller, [seen(playlist, caller)])
        return view

    async def get_batch(self, caller: Principal, ids: Sequence[UUID]) -> list[View]:
        """The public ones of these, in the order asked."""
        known = {p.id: p for p in await store.get_many(self._mongo, ids)}
        found = [known[id] for id in dict.fromkeys(ids) if id in known]
        return await self.show(caller, [p for p in found if p.is_public and p.is_open_to(caller)])

    async def search(self, caller: Principal, query: str, wanted: Wanted, page: Page) -> tuple[list[View], int]:
        """Those the caller may see, by relevance if words are given, else newest first; and how many there are."""
        found, total = await self._finder.search_playlists(query, wanted, page)
        # A row may be older than its document.
        readable = [p for p in found if p.may_be_seen_by(caller) and (p.is_public or wanted.reader_id)]
        return await self.show(caller, readable), total

    async def recommend(self, caller: Principal, most: int) -> list[View]:
        """Public ones of others that hold a track: first those that share tracks or artists with the caller's own."""
        found = await self._finder.recommend_playlists(caller.tenant, caller.user_id, most)
        return await self.show(caller, [p for p in found if p.is_public and p.is_open_to(caller)])

    async def show(self, caller: Principal, playlists: Sequence[Playlist]) -> list[View]:
        """As the caller may see them: one read of MongoDB and two of Postgres, however many there are."""
        if not playlists:
            return []
        track_ids = {entry.track_id for p in playlists for entry in p.entries}
        outlines = await tracks_store.get_outlines(self._mongo, track_ids)
        entries = {p.id: shown(p, outlines, caller) for p in playlists}
        counted = {one.track.id for visible in entries.values() for one in visible}
        async with self._database.connection() as conn:
            known = await facts.get_many(conn, playlists)
            plays = await facts.get_plays(conn, counted)
        return [
            View(
                playlist=p,
                owner=known[p.id].owner or Person(id=p.owner_id, number=p.owner_number, handle="", name=""),
                entries=entries[p.id],
                plays=sum(plays.get(id, 0) for id in {one.track.id for one in entries[p.id]}),
                likes=known[p.id].likes,
                reposts=known[p.id].reposts,
            )
            for p in playlists
        ]

    async def change(self, caller: Principal, id: UUID, named: Collection[str], form: Form) -> View:
        """Sets the fields named. Raises Invalid, NotFound, Forbidden."""
        unknown = [FieldError(name, "is not a field that can be changed") for name in named if name not in FIELDS]
        if unknown:
            raise Invalid(fields=unknown)
        values = changes(named, form)
        # The answer needs Postgres. If it is down, start nothing, rather than change the playlist and then fail.
        await self._database.ping()

        async def edit(_: Session, found: Playlist | None) -> Playlist:
            before = editable(found, caller, Permission.ADMIN)
            is_same = all(getattr(before, name) == value for name, value in values.items())
            return before if is_same else before.changed(moments.now(), **values)

        return await self._one(caller, await self._edits.run(id, edit))

    async def remove(self, caller: Principal, id: UUID) -> None:
        """Raises NotFound (also the second time), Forbidden: no collaborator may."""

        async def edit(_: Session, found: Playlist | None) -> Playlist:
            before = editable(found, caller, Permission.OWNER)
            return before.removed(moments.now())

        await self._edits.run(id, edit)

    async def add_track(self, caller: Principal, id: UUID, track_id: UUID) -> None:
        """Appends a track. Raises NotFound and Forbidden for either, Conflict if it is there or the list is full."""

        async def edit(session: Session, found: Playlist | None) -> Playlist:
            before, _ = await self._standing(session, editable(found, caller, Permission.WRITE))
            track = await tracks_store.get(self._mongo, session, track_id)
            outcome = tracks_domain.outcome_of(WantedTrack(Ref(id=track_id), caller), track)
            if isinstance(outcome, Error):
                raise outcome
            return before.with_track(track_id, moments.now())

        await self._edits.run(id, edit)
        # If the track was removed since we read it, its entries may have been collected before this one existed.
        if not await tracks_store.get_outlines(self._mongo, [track_id]):
            await self._drop_track(id, track_id)

    async def remove_track(self, caller: Principal, id: UUID, track_id: UUID) -> None:
        """Raises NotFound (also if the track is not in it), Forbidden."""

        async def edit(session: Session, found: Playlist | None) -> Playlist:
            before, _ = await self._standing(session, editable(found, caller, Permission.WRITE))
            return before.without_track(track_id, moments.now())

        await self._edits.run(id, edit)

    async def reorder(self, caller: Principal, id: UUID, track_ids: Sequence[UUID]) -> None:
        """All or nothing. Raises NotFound, Forbidden; Invalid unless these are the tracks there, each once."""

        async def edit(session: Session, found: Playlist | None) -> Playlist:
            before, outlines = await self._standing(session, editable(found, caller, Permission.WRITE))
            hidden = {track.id for track in outlines.values() if not track.may_be_seen_by(caller)}
            return before.reordered(track_ids, hidden, moments.now())

        await self._edits.run(id, edit)

    async def forget_track(self, track_id: UUID) -> None:
        """Removes a deleted track's entries from all playlists. Idempotent."""
        for id in await store.ids_with_track(self._mongo, track_id):
            await self._drop_track(id, track_id)

    async def forget_account(self, account_id: UUID) -> None:
        """Removes a deleted account's playlists, and the account from others' playlists, one by one. Idempotent."""
        for id in await store.ids_of_owner(self._mongo, account_id):
            await self._edits.run_if_there(id, lambda found: found.removed(moments.now()))
        for id in await store.ids_with_collaborator(self._mongo, account_id):
            await self._edits.run_if_there(
                id,
                lambda found: (
                    found.without_collaborator(account_id, moments.now())
                    if found.find_collaborator(account_id)
                    else found
                ),
            )

    async def list_states(self, refs: Collection[Ref]) -> list[Playlist]:
        """The playlists as they are now, tombstones too; unknown ones are left out."""
        numbers = {ref.number for ref in refs if ref.number}
        return await store.get_many(self._mongo, {ref.id for ref in refs if ref.id}, numbers)

    def export(self, after_id: UUID | None) -> AsyncIterator[list[Playlist]]:
        return store.export(self._mongo, after_id)

    async def _drop_track(self, id: UUID, track_id: UUID) -> None:
        def dropped(found: Playlist) -> Playlist:
            is_there = track_id in found.track_ids and not found.is_album
            return found.without_track(track_id, moments.now()) if is_there else found

        await self._edits.run_if_there(id, dropped)

    async def _standing(self, session: Session, playlist: Playlist) -> tuple[Playlist, dict[UUID, Outline]]:
        """The playlists without entries of removed tracks, and the tracks of the other entries."""
        outlines = await tracks_store.get_outlines(self._mongo, playlist.track_ids, session)
        entries = tuple(entry for entry in playlist.entries if entry.track_id in outlines)
        return replace(playlist, entries=entries), outlines

    async def _one(self, caller: Principal, playlist: Playlist) -> View:
        [view] = await self.show(caller, [playlist])
        return view
