"""Editing a playlist: one MongoDB transaction, its event inside it, then its row."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from chassis.errors import NotFound
from chassis.mongo import Mongo, Session
from services.catalog import events
from services.catalog.playlists import store
from services.catalog.playlists.playlist import Playlist

# What a transaction turns a playlist into; the same object means nothing to write.
Edit = Callable[[Session, Playlist | None], Awaitable[Playlist]]


class Listings(Protocol):
    async def write_playlist_soon(self, playlist: Playlist) -> None:
        """Brings the playlist's row up to date, or leaves it to the playlist's event."""


class Edits:
    def __init__(self, mongo: Mongo, listings: Listings) -> None:
        self._mongo = mongo
        self._listings = listings

    async def run(self, id: UUID, edit: Edit) -> Playlist:
        """One transaction. Of two at once, the later is retried on the result of the earlier."""

        async def work(session: Session) -> Playlist:
            before = await store.get(self._mongo, session, id)
            after = await edit(session, before)
            if after is not before:
                await store.replace(self._mongo, session, after)
                await self._mongo.add_event(session, events.playlist_changed(after))
            return after

        edited = await self._mongo.run(work)
        await self._listings.write_playlist_soon(edited)
        return edited

    async def run_if_there(self, id: UUID, change: Callable[[Playlist], Playlist]) -> None:
        async def edit(_: Session, found: Playlist | None) -> Playlist:
            if found is None or found.is_removed:
                raise NotFound()
            return change(found)

        with suppress(NotFound):  # removed otherwise
            await self.run(id, edit)
