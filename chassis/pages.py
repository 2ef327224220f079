"""A slice of an ordered list."""

from dataclasses import dataclass

# To skip entries costs as much as to read them, so nobody gets those behind it. Totals count them.
LAST_ENTRY = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    offset: int = 0
    limit: int = 20

    @classmethod
    def of(cls, offset: int, limit: int, *, most: int = 500) -> "Page":
        """Limits what came over the wire, so that no call can ask for everything: behind LAST_ENTRY pages are empty."""
        start = min(max(0, offset), LAST_ENTRY)
        return cls(start, min(max(1, limit or 20), most, LAST_ENTRY - start))
