"""Our copies of catalog's things: catalog is asked before a copy says no."""

from collections.abc import Awaitable, Callable, Collection
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from chassis.asked import Asked
from chassis.errors import Forbidden, NotFound
from chassis.postgres import Connection, Database
from chassis.principal import Principal


class Subject(Protocol):
    @property
    def owner_id(self) -> UUID: ...

    def exists_for(self, caller: Principal) -> bool:
        """Whether `caller` may know that it exists."""

    def is_open_to(self, caller: Principal) -> bool:
        """Whether `caller` may see it."""


Kept = TypeVar("Kept", bound=Subject)


class Store(Protocol[Kept]):
    """A noun's `store.py`."""

    async def apply(self, conn: Connection, states: Collection[Kept], /) -> None: ...

    async def get(self, conn: Connection, id: UUID, /) -> Kept | None: ...

    async def get_for_share(self, conn: Connection, id: UUID, /) -> Kept | None: ...


class Subjects(Generic[Kept]):
    """Tracks, or playlists. `list_states` gets their current states from catalog; it leaves out unknown ids."""

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
        self._asked = Asked[UUID](self._learn)

    async def apply(self, state: Kept) -> None:
        async with self._database.transaction() as conn:
            await self._store.apply(conn, [state])

    async def ask(self, ids: Collection[UUID]) -> None:
        """Asks catalog about these, unless that was done just now. Then read the copy again. Raises Unavailable."""
        await self._asked.ask(ids)

    async def require_open(self, caller: Principal, id: UUID) -> Kept:
        """The subject, if `caller` may see it. Raises NotFound, Forbidden, Unavailable."""

        def is_open(kept: Kept | None) -> bool:
            return kept is not None and kept.exists_for(caller) and kept.is_open_to(caller)

        kept = await self._asked.read(lambda: self._get(id), lambda kept: [] if is_open(kept) else [id])
        return self._visible(caller, kept)

    async def require(self, caller: Principal, id: UUID) -> Kept:
        """The subject, even if `caller` may not see it. Raises NotFound, Unavailable."""
        kept = await self._asked.read(lambda: self._get(id), lambda kept: [] if kept else [id])
        return self._existing(caller, kept)

    async def lock_open(self, conn: Connection, caller: Principal, id: UUID) -> Kept:
        """As the copy has it, locked until the transaction ends, so that no state is added after a removal."""
        return self._visible(caller, await self._store.get_for_share(conn, id))

    async def _learn(self, ids: Collection[UUID]) -> None:
        states = await self._list_states(ids)
        async with self._database.transaction() as conn:
            await self._store.apply(conn, states)

    async def _get(self, id: UUID) -> Kept | None:
        async with self._database.connection() as conn:
            return await self._store.get(conn, id)

    def _existing(self, caller: Principal, kept: Kept | None) -> Kept:
        if kept is None or not kept.exists_for(caller):
            raise NotFound(f"{self._called.capitalize()} not found")
        return kept

    def _visible(self, caller: Principal, kept: Kept | None) -> Kept:
        kept = self._existing(caller, kept)
        if not kept.is_open_to(caller):
            raise Forbidden(f"This {self._called} is private")
        return kept
