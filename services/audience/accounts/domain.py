"""The copy may say yes; before it says no, auth is asked once, and its no is kept for a second."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.errors import Forbidden, NotFound
from chassis.postgres import Database
from services.audience.accounts import store
from services.audience.accounts.account import Account, Name
from services.audience.asked import Asked


class Auth(Protocol):
    async def list_states(self, names: Collection[Name]) -> list[Account]:
        """The accounts as auth has them now; unknown ones are left out. Raises Unavailable."""


class Accounts:
    def __init__(self, database: Database, auth: Auth) -> None:
        self._database = database
        self._auth = auth
        self._asked = Asked[Name]()

    async def apply(self, account: Account) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, [account])

    async def find(self, ids: Collection[UUID]) -> dict[UUID, Account]:
        """The live ones of these. Raises Unavailable when auth is needed and away: then nobody knows."""
        found = await self._get_many(ids)
        if missing := [id for id in ids if id not in found]:
            await self._ask(missing)
            found = await self._get_many(ids)
        return {id: account for id, account in found.items() if not account.is_removed}

    async def require(self, name: Name, *, tenant: str) -> Account:
        """The account of that tenant. Raises NotFound, Unavailable."""
        account = await self._get(name)
        if account is None:
            await self._ask([name])
            account = await self._get(name)
        return alive(account, tenant=tenant)

    async def _get(self, name: Name) -> Account | None:
        async with self._database.connection() as conn:
            return await store.get(conn, name)

    async def _get_many(self, ids: Collection[UUID]) -> dict[UUID, Account]:
        async with self._database.connection() as conn:
            return await store.get_many(conn, ids)

    async def _ask(self, names: Collection[Name]) -> None:
        """Takes over what auth says now of those that it was not asked about within the last second."""
        if doubtful := self._asked.without(names):
            states = await self._auth.list_states(doubtful)
            async with self._database.transaction() as conn:
                await store.apply(conn, states)
            self._asked.add(doubtful)


def alive(account: Account | None, *, tenant: str) -> Account:
    """`account` as its tenant sees it. Raises NotFound when it is unknown, removed or another tenant's."""
    if account is None or account.is_removed or account.tenant != tenant:
        raise NotFound("User not found")
    return account


def require_live(accounts: dict[UUID, Account], id: UUID) -> None:
    """Refuses who is removed but whose token is not yet; who is not in the copy yet is as good as new."""
    account = accounts.get(id)
    if account is not None and account.is_removed:
        raise Forbidden("This account was removed")
