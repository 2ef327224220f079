"""A like of a playlist is a state, with the rules of likes of tracks."""

from uuid import UUID

from chassis.postgres import Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import refuse_removed
from services.audience.changes import Changes
from services.audience.playlist_likes import store
from services.audience.playlist_likes.playlist_like import PlaylistLike
from services.audience.playlists.domain import Playlists


class PlaylistLikes:
    def __init__(self, database: Database, playlists: Playlists) -> None:
        self._database = database
        self._playlists = playlists
        self.changes = Changes[PlaylistLike](database, store.TABLE, events.playlist_like_changed)

    async def like(self, caller: Principal, playlist_id: UUID) -> None:
        """Raises NotFound, Forbidden, Unavailable."""
        await self._playlists.require_open(caller, playlist_id)
        async with self._database.transaction() as conn:
            playlist = await self._playlists.lock_open(conn, caller, playlist_id)
            refuse_removed(await accounts_store.get_many_for_share(conn, [caller.user_id]), caller.user_id)
            await self.changes.add_event(conn, await store.add(conn, playlist_id, caller.user_id, playlist.owner_id))

    async def unlike(self, caller: Principal, playlist_id: UUID) -> None:
        """Anyone may withdraw a like, even if the playlist is private by now. Raises NotFound, Unavailable."""
        await self._playlists.require(caller, playlist_id)
        async with self._database.transaction() as conn:
            await self.changes.add_event(conn, await store.remove(conn, playlist_id, caller.user_id))

    async def withdraw_of_playlist(self, playlist_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_playlist, playlist_id)

    async def withdraw_of_account(self, account_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_account, account_id)
