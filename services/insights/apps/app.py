"""Apps that call the discovery contract."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


@dataclass(frozen=True, slots=True)
class App:
    """One that was registered. `address`: 0x and 40 hex digits, in lower case."""

    address: str
    owner_number: int
    name: str
    description: str | None = None
    image: str | None = None


class Trailing(Enum):
    """A rolling range of time."""

    WEEK = timedelta(days=7)
    MONTH = timedelta(days=30)
    ALL_TIME = None
