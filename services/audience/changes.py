"""What all kept states have in common: they are withdrawn in batches, compared by the minute, told again, exported."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from chassis.events import Event
from chassis.postgres import Connection, Database
from services.audience.sealing import SEALED_AFTER, minute_of

BATCH = 500
EXPORT_BATCH = 2000

# Of whom or what a state is, in the order of its table's primary key.
Key = tuple[UUID, UUID]
FIRST_KEY: Key = (UUID(int=0), UUID(int=0))


class Keyed(Protocol):
    @property
    def key(self) -> Key: ...


State = TypeVar("State", bound=Keyed)


@dataclass(frozen=True, slots=True)
class MinuteChanges:
    minute: datetime
    count: int
    version_sum: int


class Store(Protocol[State]):
    """A noun's `store.py`."""

    async def count_changes(
        self, conn: Connection, since: datetime, until: datetime, sealed_after: timedelta, /
    ) -> list[MinuteChanges]: ...

    def each_changed_in(self, conn: Connection, minute: datetime, batch: int, /) -> AsyncIterator[list[State]]: ...

    async def list_after(self, conn: Connection, after: Key, most: int, /) -> list[State]: ...


class Changes(Generic[State]):
    """The states of one noun; `tell` makes the event of one."""

    def __init__(self, database: Database, store: Store[State], tell: Callable[[State], Event]) -> None:
        self._database = database
        self._store = store
        self._tell = tell

    async def add_event(self, conn: Connection, changed: State | None) -> None:
        """Tells of the change in the caller's transaction, if there was one."""
        if changed is not None:
            await self._database.add_event(conn, self._tell(changed))

    async def withdraw(self, remove_some: Callable[[Connection, UUID, int], Awaitable[list[State]]], id: UUID) -> None:
        """Takes back all states of what was removed, each with its event. Safe to do again after a crash."""
        # Until none is left: a batch is also short when somebody took one back meanwhile.
        withdrawn = BATCH
        while withdrawn:
            async with self._database.transaction() as conn:
                states = await remove_some(conn, id, BATCH)
                await self._database.add_events(conn, [self._tell(state) for state in states])
            withdrawn = len(states)

    async def count(self, since: datetime, until: datetime) -> list[MinuteChanges]:
        """States per minute of their last change. Told are minutes that can get no more and have any."""
        async with self._database.connection() as conn:
            return await self._store.count_changes(conn, since, until, SEALED_AFTER)

    async def resend(self, minutes: Iterable[datetime]) -> int:
        """Publishes the states last changed in these minutes again; a minute is one transaction."""
        sent = 0
        for minute in sorted({minute_of(minute) for minute in minutes}):
            async with self._database.transaction() as conn:
                async for states in self._store.each_changed_in(conn, minute, EXPORT_BATCH):
                    await self._database.add_events(conn, [self._tell(state) for state in states])
                    sent += len(states)
        return sent

    async def export(self, after: Key | None) -> AsyncIterator[list[State]]:
        """All states that follow `after`, tombstones too, in order of the key and in batches."""
        place = after or FIRST_KEY
        while True:
            async with self._database.connection() as conn:
                states = await self._store.list_after(conn, place, EXPORT_BATCH)
            if not states:
                return
            yield states
            place = states[-1].key
