"""A follow is a state: repeating it changes nothing, taking it back leaves a tombstone, and each change is an event."""

from collections.abc import Collection
from uuid import UUID

from chassis.errors import FieldError, Invalid
from chassis.ids import Ref
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import Accounts, refuse_removed, require_visible
from services.audience.changes import Changes
from services.audience.follows import store
from services.audience.follows.follow import Follow

MAX_AMONG = 1000


class Follows:
    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self.changes = Changes[Follow](database, store.TABLE, events.follow_changed)

    async def follow(self, caller: Principal, account_id: UUID) -> None:
        """Raises NotFound, Invalid for oneself, Unavailable."""
        if caller.is_(account_id):
            raise Invalid("You cannot follow yourself", fields=[FieldError("id", "must be another user's")])
        await self._accounts.require(caller, Ref(id=account_id))
        async with self._database.transaction() as conn:
            accounts = await accounts_store.get_many_for_share(conn, [account_id, caller.user_id])
            require_visible(caller, accounts.get(account_id))
            refuse_removed(accounts, caller.user_id)
            await self.changes.add_event(conn, await store.add(conn, caller.user_id, account_id))

    async def unfollow(self, caller: Principal, account_id: UUID) -> None:
        """Raises NotFound, Unavailable."""
        await self._accounts.require(caller, Ref(id=account_id))
        async with self._database.transaction() as conn:
            await self.changes.add_event(conn, await store.remove(conn, caller.user_id, account_id))

    async def list_among(self, caller: Principal, account_ids: Collection[UUID]) -> list[UUID]:
        """Which of these (at most a thousand) the caller follows. Raises Invalid for more."""
        if len(account_ids) > MAX_AMONG:
            raise Invalid(fields=[FieldError("account_ids", f"must be at most {MAX_AMONG}")])
        async with self._database.connection() as conn:
            return await store.list_among(conn, caller.user_id, account_ids)

    async def list_followers(self, caller: Principal, ref: Ref, page: Page) -> tuple[list[Follow], int]:
        """Who follows the account, newest first, and how many in all. Raises NotFound, Unavailable."""
        account = await self._accounts.require(caller, ref)
        async with self._database.connection() as conn:
            return await store.list_followers(conn, account.id, page), await store.count_followers(conn, account.id)

    async def list_followees(self, caller: Principal, ref: Ref, page: Page) -> tuple[list[Follow], int]:
        """Whom the account follows, newest first, and how many in all. Raises NotFound, Unavailable."""
        account = await self._accounts.require(caller, ref)
        async with self._database.connection() as conn:
            return await store.list_followees(conn, account.id, page), await store.count_followees(conn, account.id)

    async def withdraw_of_account(self, account_id: UUID) -> None:
        """Withdraws a removed account's follows in both directions."""
        await self.changes.withdraw(store.remove_some_of_account, account_id)
