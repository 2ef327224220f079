"""A follow is a state: repeating it changes nothing, taking it back leaves a tombstone, and each change is an event."""

from collections.abc import AsyncIterator, Collection
from uuid import UUID

from chassis.errors import FieldError, Invalid
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience import events
from services.audience.accounts import store as accounts_store
from services.audience.accounts.domain import Accounts, alive, require_live
from services.audience.follows import store
from services.audience.follows.follow import Follow

BATCH = 500
EXPORT_BATCH = 2000
MOST_AMONG = 1000
FIRST_KEY = (UUID(int=0), UUID(int=0))


class Follows:
    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts

    async def follow(self, account_id: UUID, caller: Principal) -> None:
        """Raises NotFound, Invalid for oneself, Unavailable."""
        if caller.is_(account_id):
            raise Invalid("You cannot follow yourself", fields=[FieldError("id", "must be another user's")])
        await self._accounts.require(account_id, tenant=caller.tenant)
        async with self._database.transaction() as conn:
            accounts = await accounts_store.get_many_for_share(conn, [account_id, caller.user_id])
            alive(accounts.get(account_id), tenant=caller.tenant)
            require_live(accounts, caller.user_id)
            if followed := await store.add(conn, caller.user_id, account_id):
                await self._database.add_event(conn, events.follow_changed(followed))

    async def unfollow(self, account_id: UUID, caller: Principal) -> None:
        """Raises NotFound, Unavailable."""
        await self._accounts.require(account_id, tenant=caller.tenant)
        async with self._database.transaction() as conn:
            if unfollowed := await store.remove(conn, caller.user_id, account_id):
                await self._database.add_event(conn, events.follow_changed(unfollowed))

    async def list_among(self, account_ids: Collection[UUID], caller: Principal) -> list[UUID]:
        """Which of these, at most a thousand, the caller follows. Raises Invalid for more."""
        if len(account_ids) > MOST_AMONG:
            raise Invalid(fields=[FieldError("account_ids", f"must be at most {MOST_AMONG}")])
        async with self._database.connection() as conn:
            return await store.list_among(conn, caller.user_id, account_ids)

    async def withdraw_of_account(self, account_id: UUID) -> None:
        """Takes back what a removed account follows and who follows it, each with its event. Safe to do again."""
        # Until none is left: a batch is also short when somebody took one back meanwhile.
        withdrawn = BATCH
        while withdrawn:
            async with self._database.transaction() as conn:
                follows = await store.remove_some_of_account(conn, account_id, BATCH)
                await self._database.add_events(conn, [events.follow_changed(follow) for follow in follows])
            withdrawn = len(follows)

    async def export(self, after: tuple[UUID, UUID] | None) -> AsyncIterator[list[Follow]]:
        """All states that follow `after` (follower, followee), tombstones too, in order of both and in batches."""
        place = after or FIRST_KEY
        while True:
            async with self._database.connection() as conn:
                follows = await store.list_after(conn, place, EXPORT_BATCH)
            if not follows:
                return
            yield follows
            place = (follows[-1].follower_id, follows[-1].followee_id)
