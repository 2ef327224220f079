"""A slice of an ordered list."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    offset: int = 0
    limit: int = 20

    @classmethod
    def of(cls, offset: int, limit: int, *, most: int = 500) -> "Page":
        """Limits what came over the wire, so that no call can ask for everything."""
        return cls(max(0, offset), min(max(1, limit or 20), most))
