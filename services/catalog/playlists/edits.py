"""Editing a playlist: one MongoDB transaction, its event inside it, then its row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol
from uuid import UUID
from weakref import WeakValueDictionary

from chassis import clock
from chassis.errors import Conflict, NotFound
from chassis.mongo import TRANSACTION_SECONDS, Mongo, Session
from services.catalog import events
from services.catalog.playlists import store
from services.catalog.playlists.playlist import Playlist

# The share of a call's time that an edit may wait for its turn.
WAITING = 0.7
# What a transaction turns a playlist into; the same object means nothing to write.
Edit = Callable[[Session, Playlist | None], Awaitable[Playlist]]


class Listings(Protocol):
    async def write_playlist_soon(self, playlist: Playlist) -> None:
        """Brings the playlist's row up to date, or leaves it to the playlist's event."""


class Edits:
    def __init__(self, mongo: Mongo, listings: Listings) -> None:
        self._mongo = mongo
        self._listings = listings
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def run(self, id: UUID, edit: Edit) -> Playlist:
        """One transaction. Of two at once, the later is made on the result of the earlier.

        Raises Conflict if so many are made at once that its turn does not come in time.
        """

        async def work(session: Session) -> Playlist:
            before = await store.get(self._mongo, session, id)
            after = await edit(session, before)
            if after is not before:
                await store.replace(self._mongo, session, after)
                await self._mongo.add_event(session, events.playlist_changed(after))
            return after

        async with self._turn(id):
            edited = await self._mongo.run(work)
        await self._listings.write_playlist_soon(edited)
        return edited

    @asynccontextmanager
    async def _turn(self, id: UUID) -> AsyncIterator[None]:
        """One edit of a playlist at a time in this process: of many at once, each would make all others start over."""
        turn = self._turns.setdefault(id, asyncio.Lock())
        try:
            async with asyncio.timeout(clock.remaining(TRANSACTION_SECONDS) * WAITING):
                await turn.acquire()
        except TimeoutError:
            raise Conflict("Too many changes at once; this one was not made, try again") from None
        try:
            yield
        finally:
            turn.release()

    async def run_if_there(self, id: UUID, change: Callable[[Playlist], Playlist]) -> None:
        async def edit(_: Session, found: Playlist | None) -> Playlist:
            if found is None or found.is_removed:
                raise NotFound()
            return change(found)

        with suppress(NotFound):  # removed otherwise
            await self.run(id, edit)
