"""A like is a state: repeating it changes nothing, taking it back leaves a tombstone, and each change is an event."""

from uuid import UUID

from chassis.ids import Ref
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import Accounts, refuse_removed
from services.audience.changes import Changes
from services.audience.likes import store
from services.audience.likes.like import Like
from services.audience.tracks.domain import Tracks


class Likes:
    def __init__(self, database: Database, tracks: Tracks, accounts: Accounts) -> None:
        self._database = database
        self._tracks = tracks
        self._accounts = accounts
        self.changes = Changes[Like](database, store.TABLE, events.like_changed)

    async def like(self, caller: Principal, track_id: UUID) -> None:
        """Raises NotFound, Forbidden, Unavailable."""
        await self._tracks.require_open(caller, track_id)
        async with self._database.transaction() as conn:
            track = await self._tracks.lock_open(conn, caller, track_id)
            refuse_removed(await accounts_store.get_many_for_share(conn, [caller.user_id]), caller.user_id)
            await self.changes.add_event(conn, await store.add(conn, track_id, caller.user_id, track.owner_id))

    async def unlike(self, caller: Principal, track_id: UUID) -> None:
        """Anyone may withdraw a like, even if the track is private by now. Raises NotFound, Unavailable."""
        await self._tracks.require(caller, track_id)
        async with self._database.transaction() as conn:
            await self.changes.add_event(conn, await store.remove(conn, track_id, caller.user_id))

    async def list_for_track(self, caller: Principal, track_id: UUID, page: Page) -> tuple[list[Like], int]:
        """The accounts that like it, newest first, and how many in all. Raises NotFound, Forbidden, Unavailable."""
        await self._tracks.require_open(caller, track_id)
        async with self._database.connection() as conn:
            return await store.list_for_track(conn, track_id, page), await store.count_for_track(conn, track_id)

    async def list_of(self, caller: Principal, ref: Ref, page: Page) -> tuple[list[Like], int]:
        """Its likes of what `caller` may see, newest first, and how many in all. Raises NotFound, Unavailable."""
        account = await self._accounts.require(caller, ref)
        async with self._database.connection() as conn:
            return await store.list_of(conn, account.id, page, caller), await store.count_of(conn, account.id, caller)

    async def withdraw_of_track(self, track_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_track, track_id)

    async def withdraw_of_user(self, user_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_user, user_id)
