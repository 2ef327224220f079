"""People: auth is asked before the copy says no."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from chassis.asked import Asked
from chassis.errors import Forbidden, NotFound
from chassis.ids import Ref
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import PUBLIC_TENANT, Principal
from services.catalog.people import store
from services.catalog.people.person import Account, Person
from services.catalog.words.query import Query

_Kept = tuple[Person, str, bool]


class Auth(Protocol):
    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        """The accounts as auth has them now; unknown ones are left out. Raises Unavailable."""

    async def find_by_handle(self, handle: str) -> Account | None:
        """The account of the public tenant that has this handle now. Raises Unavailable."""


class People:
    def __init__(self, database: Database, auth: Auth) -> None:
        self._database = database
        self._auth = auth
        self._asked = Asked[Ref](self._learn)
        self._asked_by_handle = Asked[str](self._learn_by_handle)

    async def apply(self, account: Account) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, account)

    async def get_batch(self, caller: Principal, refs: Sequence[Ref]) -> list[Person]:
        """Their cards, in the order asked; unknown, removed and other tenants' people are left out."""
        kept = await self._get_or_ask(refs)
        found = [kept.get(ref) for ref in refs]
        return [
            person for person, tenant, is_removed in filter(None, found) if not is_removed and _is_open(caller, tenant)
        ]

    async def get(self, caller: Principal, ref: Ref) -> Person:
        """Raises NotFound, Unavailable."""
        found = await self.get_batch(caller, [ref])
        if not found:
            raise NotFound("Account not found")
        return found[0]

    async def require(self, id: UUID) -> Person:
        """The card of an account that is about to act. Raises NotFound, Forbidden when removed, Unavailable."""
        ref = Ref(id=id)
        kept = (await self._get_or_ask([ref])).get(ref)
        if kept is None:
            raise NotFound("Account not found")
        person, _, is_removed = kept
        if is_removed:
            raise Forbidden("This account was removed")
        return person

    async def get_by_handle(self, handle: str) -> Person:
        """A person of the public tenant; the handle's case does not matter. Raises NotFound, Unavailable."""
        found = await self._asked_by_handle.read(lambda: self._find(handle), lambda found: [] if found else [handle])
        if found is None:
            raise NotFound("Account not found")
        return found

    async def list_top(self, page: Page) -> list[Person]:
        """People with a public track, most followers first."""
        async with self._database.connection() as conn:
            return await store.list_top(conn, PUBLIC_TENANT, page)

    async def search(self, query: str, page: Page, *, only_downloadable: bool = False) -> tuple[list[Person], int]:
        """People of the public tenant by handle and name, the best match first, and how many there are."""
        asked = Query(query)
        if asked.is_empty:
            return [], 0
        async with self._database.connection() as conn:
            return await store.search(conn, asked, PUBLIC_TENANT, page, only_downloadable=only_downloadable)

    async def _find(self, handle: str) -> Person | None:
        async with self._database.connection() as conn:
            found = await store.get_by_handle(conn, handle, PUBLIC_TENANT)
        # Search folds accents too; a handle is compared ignoring only case.
        return found if found and found.handle.casefold() == handle.casefold() else None

    async def _get_or_ask(self, refs: Collection[Ref]) -> dict[Ref, _Kept]:
        return await self._asked.read(lambda: self._get(refs), lambda kept: [ref for ref in refs if ref not in kept])

    async def _learn(self, refs: Collection[Ref]) -> None:
        for state in sorted(await self._auth.list_states(refs), key=lambda state: state.id):
            await self.apply(state)

    async def _learn_by_handle(self, handles: Collection[str]) -> None:
        for handle in handles:
            if known := await self._auth.find_by_handle(handle):
                await self.apply(known)

    async def _get(self, refs: Collection[Ref]) -> dict[Ref, _Kept]:
        ids = {ref.id for ref in refs if ref.id}
        numbers = {ref.number for ref in refs if ref.number}
        async with self._database.connection() as conn:
            rows = await store.get_many(conn, ids, numbers)
        by_id = {Ref(id=row[0].id): row for row in rows}
        return by_id | {Ref(number=row[0].number): row for row in rows}


def _is_open(caller: Principal, tenant: str) -> bool:
    """A tenant never sees another's people. Everyone sees the public tenant's; the gateway itself sees only those."""
    return tenant in (PUBLIC_TENANT, caller.tenant)
