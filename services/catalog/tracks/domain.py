"""The rules of tracks. A write is one MongoDB transaction: document, idempotency key and event."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from chassis import clock, idempotency
from chassis.errors import Conflict, Error, Forbidden, NotFound, Unavailable
from chassis.ids import Ref
from chassis.mongo import Mongo, Session, reachable
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import Principal
from services.catalog import events, moments
from services.catalog.people.domain import People
from services.catalog.tracks import store, views
from services.catalog.tracks.form import Form, changes, checked, merged
from services.catalog.tracks.track import Filters, Order, Recording, Status, Track, View, Wanted
from services.catalog.tracks.upload import Upload, check_key, key_of, new_track

# Less than a caller's deadline, so that a batch is still answered while MongoDB hangs.
MONGO_SECONDS = 2.0
_Found = TypeVar("_Found", View, Track)


class Listings(Protocol):
    """The rows in which tracks are listed and shown."""

    async def list_tracks(
        self, filters: Filters, own: UUID | None, order: Order, page: Page
    ) -> tuple[list[UUID], int]: ...

    async def write_tracks(self, tracks: Sequence[Track]) -> None: ...

    async def write_track_soon(self, track: Track) -> None: ...


class Albums(Protocol):
    async def keep(self, session: Session, before: Track | None, after: Track) -> None:
        """Updates the albums of a changed track, in its transaction."""


class Tracks:
    def __init__(self, *, mongo: Mongo, database: Database, people: People, listings: Listings, albums: Albums) -> None:
        self._mongo = mongo
        self._database = database
        self._people = people
        self._listings = listings
        self._albums = albums

    async def add(self, caller: Principal, upload: Upload) -> View:
        """Adds the track of a recording; the same key or recording returns the same track again.

        Raises Invalid (also IDEMPOTENCY_KEY_REUSED), Conflict (the recording is another's), Forbidden.
        """
        form = checked(upload.form)
        check_key(upload.idempotency_key)
        owner = await self._people.require(caller.user_id)
        said = merged(form, upload.file_tags, upload.filename, owner.handle or owner.name)
        track = new_track(owner, await store.take_number(self._mongo), upload, said)

        async def work(session: Session) -> Track:
            return await self._find_added(session, track, upload) or await self._add(session, track, upload)

        return await self._written(await self._mongo.run(work))

    async def get(self, wanted: Wanted) -> View:
        """Raises NotFound, Forbidden."""
        [outcome] = await self.get_batch([wanted])
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    async def get_batch(self, items: Sequence[Wanted]) -> list[View | Error]:
        """Each item's view or refusal, however many there are: one read of Postgres; where not everyone may see them,
        one of MongoDB and another of Postgres. MongoDB down: those alone are Unavailable."""
        async with self._database.connection() as conn:
            listed = _by_ref(await views.get_listed(conn, *_names(item.ref for item in items)))
        others = [item.ref for item in items if item.ref not in listed]
        try:
            with reachable():
                async with asyncio.timeout(clock.remaining(MONGO_SECONDS)):
                    known = _by_ref(await store.get_many(self._mongo, *_names(others)))
        except Unavailable as away:
            return [listed.get(item.ref) or away for item in items]
        outcomes = [listed.get(item.ref) or outcome_of(item, known.get(item.ref)) for item in items]
        shown = await self._views([o for o in outcomes if isinstance(o, Track)])
        return [shown[o.id] if isinstance(o, Track) else o for o in outcomes]

    async def list_tracks(
        self,
        caller: Principal,
        filters: Filters,
        order: Order,
        page: Page,
        *,
        public_only: bool,
        all_of_owner: bool = False,
    ) -> tuple[list[View], int]:
        """Public completed tracks and, unless `public_only`, the caller's own in every state.

        With `all_of_owner` an administrator gets all that the owner asked for would get.
        """
        everything_of = filters.owner_id if all_of_owner and caller.is_admin else caller.account_id
        own = None if public_only else everything_of
        ids, total = await self._listings.list_tracks(filters, own, order, page)
        return await self.show(caller, ids, public_only=public_only), total

    async def show(self, caller: Principal, ids: Sequence[UUID], *, public_only: bool) -> list[View]:
        """Those of these that the caller may see, in this order. Raises Unavailable."""
        outcomes = await self.get_batch([Wanted(Ref(id=id), caller, public_only) for id in ids])
        for outcome in outcomes:
            if isinstance(outcome, Unavailable):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, View)]

    async def change(self, caller: Principal, id: UUID, named: Collection[str], form: Form) -> View:
        """Sets the fields named. Raises Invalid, NotFound, Forbidden."""
        values = changes(named, form)
        # Tracks are served from Postgres. If it is down, start nothing, rather than show the old track.
        await self._database.ping()

        async def work(session: Session) -> Track:
            before = _changeable(caller, await store.get(self._mongo, session, id))
            if all(getattr(before, name) == value for name, value in values.items()):
                return before
            return await self._replace(session, before, before.changed(moments.now(), **values))

        return await self._written(await self._mongo.run(work))

    async def remove(self, caller: Principal, id: UUID) -> None:
        """Raises NotFound (also the second time), Forbidden."""
        # Tracks are served from Postgres. If it is down, start nothing, rather than remove a track and still show it.
        await self._database.ping()

        async def work(session: Session) -> Track:
            before = _changeable(caller, await store.get(self._mongo, session, id))
            return await self._remove(session, before)

        await self._listings.write_tracks([await self._mongo.run(work)])

    async def remove_of_owner(self, owner_id: UUID) -> None:
        """Removes a deleted account's tracks one by one, each with its event. Idempotent."""
        for id in await store.ids_of_owner(self._mongo, owner_id):

            async def work(session: Session, id: UUID = id) -> Track | None:
                before = await store.get(self._mongo, session, id)
                return None if before is None or before.is_removed else await self._remove(session, before)

            if track := await self._mongo.run(work):
                await self._listings.write_track_soon(track)

    async def complete(self, recording: Recording) -> None:
        """Completes the track of a recording that is ready. Does nothing unless the track waits for it."""

        async def work(session: Session) -> Track | None:
            before = await self._awaiting(session, recording.recording_id, recording.track_id)
            return before and await self._replace(session, before, before.completed(recording, moments.now()))

        if track := await self._mongo.run(work):
            await self._listings.write_track_soon(track)

    async def fail(self, recording_id: UUID, track_id: UUID) -> None:
        """Marks the track of a recording that cannot be transcoded. Does nothing unless the track waits for it."""

        async def work(session: Session) -> Track | None:
            before = await self._awaiting(session, recording_id, track_id)
            return before and await self._replace(session, before, before.changed(moments.now(), status=Status.FAILED))

        if track := await self._mongo.run(work):
            await self._listings.write_track_soon(track)

    async def apply_sold(self, track_id: UUID, is_sold: bool, version: int) -> None:
        async with self._database.transaction() as conn:
            await views.apply_sold(conn, track_id, is_sold, version)

    async def list_states(self, refs: Collection[Ref]) -> list[Track]:
        """The tracks as they are now, tombstones too; unknown ones are left out."""
        return await store.get_many(self._mongo, *_names(refs))

    async def list_tags(self, caller: Principal, owner: Ref, most: int) -> list[str]:
        """The tags of the owner's public tracks, most used first, then from Z to A. Raises NotFound."""
        person = await self._people.get(caller, owner)
        used = Counter(tag for tags in await store.list_tags(self._mongo, person.id) for tag in tags)
        return sorted(used, key=lambda tag: (used[tag], tag), reverse=True)[:most]

    def export(self, after_id: UUID | None) -> AsyncIterator[list[Track]]:
        return store.export(self._mongo, after_id)

    async def _find_added(self, session: Session, track: Track, upload: Upload) -> Track | None:
        """The track that an earlier request with the same key, or for the same recording, has added."""
        if upload.idempotency_key:
            kept = await store.get_answer(self._mongo, session, key_of(track, upload))
            if kept and kept[0] != upload.fingerprint:
                raise idempotency.reused()
            if kept:
                return kept[1]
        made = await store.get_by_recording(self._mongo, session, track.recording_id)
        if made and (made.owner_id != track.owner_id or made.is_removed):
            raise Conflict("This recording belongs to another track")
        return made

    async def _add(self, session: Session, track: Track, upload: Upload) -> Track:
        await store.add(self._mongo, session, track)
        if upload.idempotency_key:
            key = key_of(track, upload)
            await store.keep_answer(self._mongo, session, key, upload.fingerprint, track)
        await self._mongo.add_event(session, events.track_added(track))
        await self._albums.keep(session, None, track)
        return track

    async def _replace(self, session: Session, before: Track, after: Track) -> Track:
        await store.replace(self._mongo, session, after)
        await self._mongo.add_event(session, events.track_changed(before, after))
        await self._albums.keep(session, before, after)
        return after

    async def _remove(self, session: Session, before: Track) -> Track:
        after = before.removed(moments.now())
        await store.replace(self._mongo, session, after)
        await self._mongo.add_event(session, events.track_removed(after))
        await self._albums.keep(session, before, after)
        return after

    async def _awaiting(self, session: Session, recording_id: UUID, track_id: UUID) -> Track | None:
        track = await store.get_by_recording(self._mongo, session, recording_id)
        is_awaited = track and track.id == track_id and track.status is Status.PROCESSING and not track.is_removed
        return track if is_awaited else None

    async def _written(self, track: Track) -> View:
        await self._listings.write_tracks([track])
        return (await self._views([track]))[track.id]

    async def _views(self, tracks: Collection[Track]) -> dict[UUID, View]:
        if not tracks:
            return {}
        async with self._database.connection() as conn:
            return await views.get_of(conn, tracks)


def _names(refs: Iterable[Ref]) -> tuple[set[UUID], set[int]]:
    refs = list(refs)
    return {ref.id for ref in refs if ref.id}, {ref.number for ref in refs if ref.number}


def _by_ref(found: Iterable[_Found]) -> dict[Ref, _Found]:
    return {ref: one for one in found for ref in (Ref(id=one.id), Ref(number=one.number))}


def outcome_of(item: Wanted, track: Track | None) -> Track | Error:
    """The track, or the refusal for its caller."""
    if track is None or track.is_removed or (item.public_only and not track.is_listed):
        return NotFound("Track not found")
    if not track.may_be_seen_by(item.caller):
        return Forbidden("This track is private")
    return track


def _changeable(caller: Principal, track: Track | None) -> Track:
    if track is None or track.is_removed:
        raise NotFound("Track not found")
    if not track.may_be_changed_by(caller):
        raise Forbidden("Only the owner may change a track")
    return track
