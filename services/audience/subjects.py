"""A copy of catalog's things may say yes; before it says no, catalog is asked once, and its no is kept for a second."""

from collections.abc import Awaitable, Callable, Collection
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from chassis.errors import Forbidden, NotFound
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.audience.asked import Asked


class Subject(Protocol):
    @property
    def owner_id(self) -> UUID: ...

    def exists_for(self, caller: Principal) -> bool:
        """Whether `caller` may hear that there is such a thing."""

    def is_open_to(self, caller: Principal) -> bool:
        """Whether `caller` may see it."""


Kept = TypeVar("Kept", bound=Subject)


class Store(Protocol[Kept]):
    """A noun's `store.py`."""

    async def apply(self, conn: Connection, states: Collection[Kept], /) -> None: ...

    async def get(self, conn: Connection, id: UUID, /) -> Kept | None: ...

    async def get_for_share(self, conn: Connection, id: UUID, /) -> Kept | None: ...


class Subjects(Generic[Kept]):
    """Tracks, or playlists. `list_states` asks catalog how they are now; it leaves out unknown ids."""

    def __init__(
        self,
        database: Database,
        store: Store[Kept],
        list_states: Callable[[Collection[UUID]], Awaitable[list[Kept]]],
        *,
        called: str,
    ) -> None:
        self._database = database
        self._store = store
        self._list_states = list_states
        self._called = called
        self._asked = Asked[UUID]()

    async def apply(self, state: Kept) -> None:
        async with self._database.transaction() as conn:
            await self._store.apply(conn, [state])

    async def ask(self, ids: Collection[UUID]) -> None:
        """Takes over what catalog says now of those that it was not asked about within the last second.

        Raises Unavailable when catalog or the database is away: then nobody knows, and no is the wrong answer.
        """
        if doubtful := self._asked.without(ids):
            states = await self._list_states(doubtful)
            async with self._database.transaction() as conn:
                await self._store.apply(conn, states)
            self._asked.add(doubtful)

    async def require_open(self, id: UUID, caller: Principal) -> Kept:
        """The thing, if `caller` may see it. Raises NotFound, Forbidden, Unavailable."""
        kept = await self._get(id)
        if kept is None or not kept.exists_for(caller) or not kept.is_open_to(caller):
            kept = await self._ask_for(id)
        return self._seen(kept, caller)

    async def require(self, id: UUID, caller: Principal) -> Kept:
        """The thing, also when `caller` may not see it. Raises NotFound, Unavailable."""
        kept = await self._get(id) or await self._ask_for(id)
        return self._existing(kept, caller)

    async def hold_open(self, conn: Connection, id: UUID, caller: Principal) -> Kept:
        """As the copy has it, and keeps it until the transaction ends, so that no state slips in behind a removal."""
        return self._seen(await self._store.get_for_share(conn, id), caller)

    async def _ask_for(self, id: UUID) -> Kept | None:
        await self.ask([id])
        return await self._get(id)

    async def _get(self, id: UUID) -> Kept | None:
        async with self._database.connection() as conn:
            return await self._store.get(conn, id)

    def _existing(self, kept: Kept | None, caller: Principal) -> Kept:
        if kept is None or not kept.exists_for(caller):
            raise NotFound(f"{self._called.capitalize()} not found")
        return kept

    def _seen(self, kept: Kept | None, caller: Principal) -> Kept:
        kept = self._existing(kept, caller)
        if not kept.is_open_to(caller):
            raise Forbidden(f"This {self._called} is private")
        return kept
