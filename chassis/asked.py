"""Copies of what another service owns: a copy may say yes; before it says no, the owner is asked once."""

from collections.abc import Awaitable, Callable, Collection, Hashable
from time import monotonic
from typing import Generic, TypeVar

# How long the owner's no counts, so that requests for a missing id cost at most one call a second.
NO_SECONDS = 1.0
MAX_KEPT = 10_000

Id = TypeVar("Id", bound=Hashable)
Found = TypeVar("Found")


class Asked(Generic[Id]):
    """`learn` asks the owner about some ids and writes its answer into the copy. It may raise Unavailable."""

    def __init__(self, learn: Callable[[Collection[Id]], Awaitable[object]]) -> None:
        self._learn = learn
        self._denied_at: dict[Id, float] = {}

    async def read(self, get: Callable[[], Awaitable[Found]], refused: Callable[[Found], Collection[Id]]) -> Found:
        """Returns what `get` reads from the copy. The owner is asked about ids that `refused` finds refused in it.

        The copy is also read again if another caller has just asked: the answer may have come after our first read.
        Raises Unavailable when the owner is down: nobody knows then, so "no" would be wrong.
        """
        found = await get()
        if not (ids := refused(found)):
            return found
        asked = await self._ask(ids)
        found = await get()
        self._deny(asked & set(refused(found)))
        return found

    async def ask(self, ids: Collection[Id]) -> None:
        """For a caller that reads the copy again itself: asks the owner about `ids` not asked about just now."""
        self._deny(await self._ask(ids))

    async def _ask(self, ids: Collection[Id]) -> set[Id]:
        since = monotonic() - NO_SECONDS
        if unasked := {id for id in ids if self._denied_at.get(id, since) <= since}:
            await self._learn(unasked)
        return unasked

    def _deny(self, ids: Collection[Id]) -> None:
        """Only once the answer is written: otherwise another caller would take the old copy for the owner's no."""
        if len(self._denied_at) > MAX_KEPT:
            self._denied_at.clear()
        self._denied_at.update(dict.fromkeys(ids, monotonic()))
