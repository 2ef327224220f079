"""The ledger of kept states (likes, reposts, likes of playlists, follows): one for all, by table.

Every change is an event. States are withdrawn in batches, compared by the minute, published again and exported.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from chassis.events import Event
from chassis.postgres import Connection, Database
from services.audience.sealing import SEALED_AFTER, minute_of

BATCH = 500
EXPORT_BATCH = 2000

# Whose state it is and of what, in the order of its table's primary key.
Key = tuple[UUID, UUID]
FIRST_KEY: Key = (UUID(int=0), UUID(int=0))

COUNT = """
SELECT date_trunc('minute', changed_at) AS minute, count(*) AS count, sum(version)::bigint AS version_sum
FROM {table}
WHERE changed_at >= $1
  AND changed_at < least($2, date_trunc('minute', clock_timestamp() - $3::interval))
GROUP BY 1 ORDER BY 1
"""
LIST_CHANGED_IN = """
SELECT {columns} FROM {table} WHERE changed_at >= $1 AND changed_at < $1 + interval '1 minute'
"""
LIST_AFTER = "SELECT {columns} FROM {table} WHERE ({key}) > ($1, $2) ORDER BY {key} LIMIT $3"


class Keyed(Protocol):
    @property
    def key(self) -> Key: ...


State = TypeVar("State", bound=Keyed)


@dataclass(frozen=True, slots=True)
class MinuteChanges:
    minute: datetime
    count: int
    version_sum: int


@dataclass(frozen=True, slots=True)
class Table(Generic[State]):
    """Where states of one kind are kept. `columns` are the fields of `state` in their order, its key of two first."""

    name: str
    columns: str
    state: Callable[..., State]

    def sql(self, statement: str) -> str:
        key = ", ".join(self.columns.split(", ")[:2])
        return statement.format(table=self.name, columns=self.columns, key=key)


class Changes(Generic[State]):
    """The changes of one noun's states; `event` makes the event of one."""

    def __init__(self, database: Database, table: Table[State], event: Callable[[State], Event]) -> None:
        self._database = database
        self._state = table.state
        self._event = event
        self._count, self._list_changed_in, self._list_after = map(table.sql, (COUNT, LIST_CHANGED_IN, LIST_AFTER))

    async def add_event(self, conn: Connection, changed: State | None) -> None:
        """Adds the event of a change to the caller's transaction, if there was one."""
        if changed is not None:
            await self._database.add_event(conn, self._event(changed))

    async def withdraw(self, remove_some: Callable[[Connection, UUID, int], Awaitable[list[State]]], id: UUID) -> None:
        """Takes back all states of what was removed, each with its event. Safe to repeat after a crash."""
        # Until none is left: a batch is also short when somebody took one back meanwhile.
        withdrawn = BATCH
        while withdrawn:
            async with self._database.transaction() as conn:
                states = await remove_some(conn, id, BATCH)
                await self._add_events(conn, states)
            withdrawn = len(states)

    async def count(self, since: datetime, until: datetime) -> list[MinuteChanges]:
        """Returns sealed, non-empty minutes: how many states changed last in each, and the sum of their versions."""
        async with self._database.connection() as conn:
            rows = await conn.fetch(self._count, since, until, SEALED_AFTER)
        return [MinuteChanges(*row) for row in rows]

    async def resend(self, minutes: Iterable[datetime]) -> int:
        """Publishes the states last changed in these minutes again; a minute is one transaction."""
        sent = 0
        for minute in sorted({minute_of(minute) for minute in minutes}):
            async with self._database.transaction() as conn:
                cursor = await conn.cursor(self._list_changed_in, minute)
                while rows := await cursor.fetch(EXPORT_BATCH):
                    await self._add_events(conn, [self._state(*row) for row in rows])
                    sent += len(rows)
        return sent

    async def export(self, after: Key | None) -> AsyncIterator[list[State]]:
        """All states after `after`, tombstones too, in order of the key, in batches."""
        place = after or FIRST_KEY
        while True:
            async with self._database.connection() as conn:
                rows = await conn.fetch(self._list_after, *place, EXPORT_BATCH)
            if not rows:
                return
            states = [self._state(*row) for row in rows]
            yield states
            place = states[-1].key

    async def _add_events(self, conn: Connection, states: Iterable[State]) -> None:
        await self._database.add_events(conn, [self._event(state) for state in states])
