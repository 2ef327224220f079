"""Windows of days, and the words of the insights contract for what happened in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chassis.errors import FieldError, Invalid
from chassis.ids import Ref
from services.insights.plays.play import POSITIONS

MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Subject:
    """What the figures are about: a track, by UUID or number."""

    track: Ref


@dataclass(frozen=True, slots=True)
class Window:
    """UTC days, both inclusive."""

    first: date
    last: date

    @classmethod
    def ending(cls, now: datetime, days: int) -> "Window":
        """The window of `days` that ends with the day of `now`. Raises Invalid."""
        if not 1 <= days <= MAX_DAYS:
            raise Invalid(fields=[FieldError("days", f"must be 1 to {MAX_DAYS}")])
        return cls(now.date() - timedelta(days=days - 1), now.date())

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Window":
        """A window of the same length that ends the day before this one starts."""
        return Window(self.first - timedelta(days=self.length), self.first - timedelta(days=1))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.length)]

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums that add up over days: of one day, of a window, or of all time."""

    plays: int = 0
    timed_plays: int = 0
    heard_ms: int = 0
    completed_plays: int = 0
    skipped_plays: int = 0
    likes: int = 0
    reposts: int = 0

    @classmethod
    def total(cls, days: Sequence["Sums"]) -> "Sums":
        names = cls.__slots__
        return cls(**{name: sum(getattr(day, name) for day in days) for name in names})

    @property
    def average_seconds(self) -> float | None:
        return ratio(self.heard_ms, self.timed_plays * 1000)

    @property
    def completion_rate(self) -> float | None:
        return percent(self.completed_plays, self.timed_plays)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Distinct listeners of a window, which do not add up; `saved` of them like the track now."""

    distinct: int
    saved: int


@dataclass(frozen=True, slots=True)
class Listening:
    """Rates of a window's plays; None where there is nothing to divide by."""

    timed_plays: int
    average_seconds: float | None
    completion_rate: float | None
    skip_rate: float | None
    plays_per_listener: float | None
    save_rate: float | None

    @classmethod
    def of(cls, sums: Sums, listeners: Listeners) -> "Listening":
        return cls(
            sums.timed_plays,
            sums.average_seconds,
            sums.completion_rate,
            percent(sums.skipped_plays, sums.timed_plays),
            ratio(sums.plays, listeners.distinct),
            percent(listeners.saved, listeners.distinct),
        )


@dataclass(frozen=True, slots=True)
class Stats:
    """Of all time; `sums` without skips."""

    sums: Sums
    listeners: int


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    stats: Stats
    window: Window
    sums: Sums
    listeners: Listeners
    plays_change: float
    listeners_change: float
    as_of: datetime

    @property
    def listening(self) -> Listening:
        return Listening.of(self.sums, self.listeners)


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    sums: Sums
    listeners: int


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    plays: int
    share: float


@dataclass(frozen=True, slots=True)
class Charts:
    stats: Stats
    window: Window
    sums: Sums
    listeners: Listeners
    days: list[Day]
    retention: list[float]
    devices: list[Device]
    as_of: datetime

    @property
    def listening(self) -> Listening:
        return Listening.of(self.sums, self.listeners)


def retention(plays_by_position: dict[int, int]) -> list[float]:
    """Percent of timed plays that got at least to each twentieth of the duration; empty without any."""
    reached, shares = 0, []
    timed = sum(plays_by_position.values())
    for position in range(POSITIONS, -1, -1):
        reached += plays_by_position.get(position, 0)
        shares.append(percent(reached, timed))
    return [share for share in reversed(shares) if share is not None]


def ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 1) if whole else None


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def change(now: int, before: int) -> float:
    """Percent; a rise from zero is 100.0."""
    if not before:
        return 100.0 if now else 0.0
    return round(100 * (now - before) / before, 1)
