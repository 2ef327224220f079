"""Copies of what another service owns: a copy may say yes; before it says no, the owner is asked once."""

from collections.abc import Awaitable, Callable, Collection, Hashable
from time import monotonic
from typing import Generic, TypeVar

# How long the owner's no is kept, so that asking for what does not exist costs one call a second at most.
NO_SECONDS = 1.0
MAX_KEPT = 10_000

Id = TypeVar("Id", bound=Hashable)
Found = TypeVar("Found")


class Asked(Generic[Id]):
    """`learn` asks the owner about some ids and writes what it says into the copy. It raises Unavailable."""

    def __init__(self, learn: Callable[[Collection[Id]], Awaitable[object]]) -> None:
        self._learn = learn
        self._asked_at: dict[Id, float] = {}

    async def read(self, get: Callable[[], Awaitable[Found]], doubtful: Callable[[Found], Collection[Id]]) -> Found:
        """What `get` reads from the copy. If `doubtful` finds ids refused in it, the owner is asked before it counts.

        The copy is read again also when somebody else asked just now: their answer may have come after our first read.
        Raises Unavailable when the owner is away: then nobody knows, and no is the wrong answer.
        """
        found = await get()
        if ids := doubtful(found):
            await self.ask(ids)
            found = await get()
        return found

    async def ask(self, ids: Collection[Id]) -> None:
        """Learns about those of `ids` that the owner was not asked about within the last second."""
        since = monotonic() - NO_SECONDS
        if unasked := {id for id in ids if self._asked_at.get(id, since) <= since}:
            await self._learn(unasked)
            self._remember(unasked)

    def _remember(self, ids: Collection[Id]) -> None:
        """Only once the answer is written: before, another caller would take the old copy for the owner's no."""
        if len(self._asked_at) > MAX_KEPT:
            self._asked_at.clear()
        self._asked_at.update(dict.fromkeys(ids, monotonic()))
