"""The copy may say yes; before it says no, auth is asked once, and its no is kept for a second."""

from collections.abc import Collection, Sequence
from time import monotonic
from typing import Protocol
from uuid import UUID

from chassis.errors import Forbidden, NotFound
from chassis.pages import Page
from chassis.postgres import Database
from chassis.principal import PUBLIC_TENANT, Principal
from services.catalog.people import store
from services.catalog.people.person import Account, Person, Ref, Totals
from services.catalog.search import tiers
from services.catalog.search.words import Query

NO_KEPT_SECONDS = 1.0
MAX_KEPT = 10_000
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
        # By name of who was asked for: a reference or a handle.
        self._asked_at: dict[Ref | str, float] = {}

    async def apply(self, account: Account) -> None:
        async with self._database.transaction() as conn:
            await store.apply(conn, account)

    async def apply_totals(self, totals: Totals) -> None:
        async with self._database.transaction() as conn:
            await store.apply_totals(conn, totals)
            await tiers.move(conn, totals.subject_id)

    async def get_batch(self, caller: Principal, refs: Sequence[Ref]) -> list[Person]:
        """The cards of these, in the order asked; unknown, removed and other tenants' people are left out."""
        kept = await self._get_or_ask(refs)
        found = [kept.get(ref) for ref in refs]
        return [
            person for person, tenant, is_removed in filter(None, found) if not is_removed and _open(tenant, caller)
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
        """Of the public tenant, in any case of letters. Raises NotFound, Unavailable."""
        found = await self._find(handle)
        if found is None and self._may_ask(handle):
            known = await self._auth.find_by_handle(handle)
            if known is not None:
                await self.apply(known)
                found = await self._find(handle)
            if found is None:
                self._remember([handle])
        if found is None:
            raise NotFound("Account not found")
        return found

    async def list_top(self, page: Page) -> list[Person]:
        """Who has a track that everyone may hear, most followers first."""
        async with self._database.connection() as conn:
            return await store.list_top(conn, PUBLIC_TENANT, page)

    async def search(self, query: str, page: Page, *, only_downloadable: bool = False) -> tuple[list[Person], int]:
        """People of the public tenant by handle and name, the best first, and how many there are."""
        asked = Query(query)
        if asked.is_empty:
            return [], 0
        async with self._database.connection() as conn:
            return await store.search(conn, asked, PUBLIC_TENANT, page, only_downloadable=only_downloadable)

    async def _find(self, handle: str) -> Person | None:
        async with self._database.connection() as conn:
            found = await store.get_by_handle(conn, handle, PUBLIC_TENANT)
        # Search folds accents, too; a handle is compared without regard to case alone.
        return found if found and found.handle.casefold() == handle.casefold() else None

    async def _get_or_ask(self, refs: Collection[Ref]) -> dict[Ref, _Kept]:
        kept = await self._get(refs)
        missing = {ref for ref in refs if ref not in kept and self._may_ask(ref)}
        if not missing:
            return kept
        # Auth away: then nobody knows, and no is the wrong answer, so Unavailable goes up.
        states = await self._auth.list_states(missing)
        for state in sorted(states, key=lambda state: state.id):
            await self.apply(state)
        learned = await self._get(missing)
        # Its no alone: a yes stands in the copy, and whoever read the copy a moment before may still need to ask.
        self._remember(missing - learned.keys())
        return kept | learned

    async def _get(self, refs: Collection[Ref]) -> dict[Ref, _Kept]:
        ids = {ref.id for ref in refs if ref.id}
        numbers = {ref.number for ref in refs if ref.number}
        async with self._database.connection() as conn:
            rows = await store.get_many(conn, ids, numbers)
        by_id = {Ref(id=row[0].id): row for row in rows}
        return by_id | {Ref(number=row[0].number): row for row in rows}

    def _may_ask(self, ref: Ref | str) -> bool:
        return monotonic() - self._asked_at.get(ref, -NO_KEPT_SECONDS) >= NO_KEPT_SECONDS

    def _remember(self, refs: Collection[Ref | str]) -> None:
        if len(self._asked_at) > MAX_KEPT:
            self._asked_at.clear()
        self._asked_at.update(dict.fromkeys(refs, monotonic()))


def _open(tenant: str, caller: Principal) -> bool:
    """A tenant never sees another tenant's people; everyone sees those of the public one, the gateway itself too."""
    return tenant in (PUBLIC_TENANT, caller.tenant)
