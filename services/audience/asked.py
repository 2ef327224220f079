"""An owner's no is kept for a second, so that asking about what does not exist costs one call a second at most."""

from collections.abc import Collection, Hashable
from time import monotonic
from typing import Generic, TypeVar

NO_KEPT_SECONDS = 1.0
MAX_KEPT = 10_000

Id = TypeVar("Id", bound=Hashable)


class Asked(Generic[Id]):
    """Which ids an owner has answered for within the last second."""

    def __init__(self) -> None:
        self._at: dict[Id, float] = {}

    def without(self, ids: Collection[Id]) -> set[Id]:
        """Those of `ids` that the owner was not asked about just now."""
        since = monotonic() - NO_KEPT_SECONDS
        return {id for id in ids if self._at.get(id, since) <= since}

    def add(self, ids: Collection[Id]) -> None:
        """To be called once the answer is kept: before, another caller would take the old copy for the owner's no."""
        if len(self._at) > MAX_KEPT:
            self._at.clear()
        self._at.update(dict.fromkeys(ids, monotonic()))
