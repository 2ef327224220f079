"""A like is a state: repeating it changes nothing, taking it back leaves a tombstone, and each change is an event."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import require_live
from services.audience.likes import store
from services.audience.likes.like import Like, MinuteChanges
from services.audience.sealing import SEALED_AFTER, minute_of
from services.audience.tracks import store as tracks_store
from services.audience.tracks.domain import Tracks, seen

BATCH = 500
EXPORT_BATCH = 2000
FIRST_KEY = (UUID(int=0), UUID(int=0))


class Likes:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def like(self, track_id: UUID, caller: Principal) -> None:
        """Raises NotFound, Forbidden, Unavailable."""
        await self._tracks.require_open(track_id, caller)
        async with self._database.transaction() as conn:
            track = seen(await tracks_store.get_for_share(conn, track_id), caller)
            require_live(await accounts_store.get_many_for_share(conn, [caller.user_id]), caller.user_id)
            if liked := await store.add(conn, track_id, caller.user_id, track.owner_id):
                await self._database.add_event(conn, events.like_changed(liked))

    async def unlike(self, track_id: UUID, caller: Principal) -> None:
        """Whoever liked a track may take it back, private or not by now. Raises NotFound, Unavailable."""
        track = await self._tracks.find(track_id)
        if track is None or track.is_removed:
            raise NotFound("Track not found")
        async with self._database.transaction() as conn:
            if unliked := await store.remove(conn, track_id, caller.user_id):
                await self._database.add_event(conn, events.like_changed(unliked))

    async def list_for_track(self, track_id: UUID, page: Page, caller: Principal) -> tuple[list[Like], int]:
        """Who likes it, newest first, and how many in all. Raises NotFound, Forbidden, Unavailable."""
        await self._tracks.require_open(track_id, caller)
        async with self._database.connection() as conn:
            return await store.list_for_track(conn, track_id, page), await store.count_for_track(conn, track_id)

    async def withdraw_of_track(self, track_id: UUID) -> None:
        """Takes back all likes of a removed track, each with its event. Safe to do again after a crash."""
        await self._withdraw(lambda conn: store.remove_some_of_track(conn, track_id, BATCH))

    async def withdraw_of_user(self, user_id: UUID) -> None:
        await self._withdraw(lambda conn: store.remove_some_of_user(conn, user_id, BATCH))

    async def _withdraw(self, remove_some: Callable[[Connection], Awaitable[list[Like]]]) -> None:
        # Until none is left: a batch is also short when somebody took one back meanwhile.
        withdrawn = BATCH
        while withdrawn:
            async with self._database.transaction() as conn:
                likes = await remove_some(conn)
                await self._database.add_events(conn, [events.like_changed(like) for like in likes])
            withdrawn = len(likes)

    async def count_changes(self, since: datetime, until: datetime) -> list[MinuteChanges]:
        """States per minute of their last change. Told are minutes that can get no more and have any."""
        async with self._database.connection() as conn:
            return await store.count_changes(conn, since, until, SEALED_AFTER)

    async def resend_changes(self, minutes: Iterable[datetime]) -> int:
        """Publishes the states last changed in these minutes again; a minute is one transaction."""
        sent = 0
        for minute in sorted({minute_of(minute) for minute in minutes}):
            async with self._database.transaction() as conn:
                async for likes in store.each_changed_in(conn, minute, EXPORT_BATCH):
                    await self._database.add_events(conn, [events.like_changed(like) for like in likes])
                    sent += len(likes)
        return sent

    async def export(self, after: tuple[UUID, UUID] | None) -> AsyncIterator[list[Like]]:
        """All states that follow `after` (track, user), tombstones too, in order of both and in batches."""
        place = after or FIRST_KEY
        while True:
            async with self._database.connection() as conn:
                likes = await store.list_after(conn, place, EXPORT_BATCH)
            if not likes:
                return
            yield likes
            place = (likes[-1].track_id, likes[-1].user_id)
