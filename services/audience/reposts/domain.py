"""A repost is a state, with the rules of likes; one's own may be reposted too."""

from uuid import UUID

from chassis.ids import Ref
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import Accounts, refuse_removed
from services.audience.changes import Changes
from services.audience.playlists.domain import Playlists
from services.audience.reposts import store
from services.audience.reposts.repost import Kind, Repost
from services.audience.tracks.domain import Tracks


class Reposts:
    def __init__(self, database: Database, tracks: Tracks, playlists: Playlists, accounts: Accounts) -> None:
        self._database = database
        self._subjects: dict[Kind, Tracks | Playlists] = {
            Kind.TRACK: tracks,
            Kind.PLAYLIST: playlists,
        }
        self._accounts = accounts
        self.changes = Changes[Repost](database, store.TABLE, events.repost_changed)

    async def repost(self, caller: Principal, kind: Kind, subject_id: UUID) -> None:
        """Raises NotFound, Forbidden, Unavailable."""
        subjects = self._subjects[kind]
        await subjects.require_open(caller, subject_id)
        async with self._database.transaction() as conn:
            subject = await subjects.lock_open(conn, caller, subject_id)
            refuse_removed(await accounts_store.get_many_for_share(conn, [caller.user_id]), caller.user_id)
            reposted = await store.add(conn, kind, subject_id, caller.user_id, subject.owner_id)
            await self.changes.add_event(conn, reposted)

    async def unrepost(self, caller: Principal, kind: Kind, subject_id: UUID) -> None:
        """Anyone may withdraw a repost, even if the subject is private by now. Raises NotFound, Unavailable."""
        await self._subjects[kind].require(caller, subject_id)
        async with self._database.transaction() as conn:
            await self.changes.add_event(conn, await store.remove(conn, subject_id, caller.user_id))

    async def list_of(self, caller: Principal, ref: Ref, page: Page) -> tuple[list[Repost], int]:
        """Its reposts of what `caller` may see, newest first, and how many in all. Raises NotFound, Unavailable."""
        account = await self._accounts.require(caller, ref)
        async with self._database.connection() as conn:
            return await store.list_of(conn, account.id, page, caller), await store.count_of(conn, account.id, caller)

    async def withdraw_of_subject(self, subject_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_subject, subject_id)

    async def withdraw_of_account(self, account_id: UUID) -> None:
        await self.changes.withdraw(store.remove_some_of_account, account_id)
