"""Accounts: auth is asked before the copy says no."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.asked import Asked
from chassis.errors import Forbidden, NotFound
from chassis.ids import Ref
from chassis.postgres import Database
from chassis.principal import Principal
from services.audience.accounts import store
from services.audience.accounts.account import Account


class Auth(Protocol):
    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        """The accounts as auth has them now; unknown ones are left out. Raises Unavailable."""


class Accounts:
    def __init__(self, database: Database, auth: Auth) -> None:
        self._database = database
        self._auth = auth
        self._asked = Asked[Ref](self._learn)

    async def apply(self, account: Account) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, [account])

    async def find(self, ids: Collection[UUID]) -> dict[UUID, Account]:
        """The live ones of these. Raises Unavailable when auth is needed and down: then nobody knows."""
        found = await self._asked.read(
            lambda: self._get_many(ids), lambda known: [Ref(id=id) for id in ids if id not in known]
        )
        return {id: account for id, account in found.items() if not account.is_removed}

    async def require(self, caller: Principal, ref: Ref) -> Account:
        """An account of the caller's tenant. Raises NotFound, Unavailable."""
        account = await self._asked.read(lambda: self._get(ref), lambda known: [] if known else [ref])
        return require_visible(caller, account)

    async def _get(self, ref: Ref) -> Account | None:
        async with self._database.connection() as conn:
            return await store.get(conn, ref)

    async def _get_many(self, ids: Collection[UUID]) -> dict[UUID, Account]:
        async with self._database.connection() as conn:
            return await store.get_many(conn, ids)

    async def _learn(self, refs: Collection[Ref]) -> None:
        states = await self._auth.list_states(refs)
        async with self._database.transaction() as conn:
            await store.apply(conn, states)


def require_visible(caller: Principal, account: Account | None) -> Account:
    """`account` as the caller's tenant sees it. Raises NotFound when it is unknown, removed or another tenant's."""
    if account is None or account.is_removed or account.tenant != caller.tenant:
        raise NotFound("User not found")
    return account


def refuse_removed(accounts: dict[UUID, Account], id: UUID) -> None:
    """Refuses a removed account whose token still works. An account missing from our copy counts as active."""
    account = accounts.get(id)
    if account is not None and account.is_removed:
        raise Forbidden("This account was removed")
