"""The score of a track (discovery contract, `getTrendingTracks`), and when time alone will change it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MIN_FOLLOWERS = 3
DECAY = 20.0
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Window(StrEnum):
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL_TIME = "all_time"


# Rolling, in days.
LENGTHS = {Window.WEEK: 7, Window.MONTH: 30, Window.YEAR: 365}


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened to a track in a window; `oldest` is the first to leave it."""

    plays: int = 0
    reposts: int = 0
    likes: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The inputs of a track's scores besides its windows. `ever`: of all time."""

    track_id: UUID
    number: int
    genre: str | None
    # None: not listed.
    published_at: datetime | None
    followers: int
    karma: int
    ever: Counts

    @property
    def has_audience(self) -> bool:
        return self.followers >= MIN_FOLLOWERS

    @property
    def is_scored(self) -> bool:
        """Otherwise every score is 0, whatever happened."""
        return self.published_at is not None and self.has_audience and self.karma > 0


@dataclass(frozen=True, slots=True)
class Score:
    standing: Standing
    by_window: dict[Window, float]
    due_at: datetime | None


def edge(window: Window, now: datetime) -> datetime:
    """Where a rolling window begins: an hour stays in it until all of the hour is too old."""
    return (now - LENGTHS[window] * DAY).replace(minute=0, second=0, microsecond=0)


def score(standing: Standing, windows: dict[Window, Counts], now: datetime) -> Score:
    """`windows` may lack those in which nothing happened."""
    if not standing.is_scored or standing.published_at is None:
        return Score(standing, dict.fromkeys(Window, 0.0), None)
    age_days = max(0, (now - standing.published_at) // DAY)
    counts = {window: windows.get(window, Counts()) for window in LENGTHS} | {Window.ALL_TIME: standing.ever}
    scores = {window: _score(standing, counts[window], quality(window, age_days)) for window in Window}
    moments = [
        moment
        for window, days in LENGTHS.items()
        if scores[window]
        for moment in (_leaves_at(counts[window], days), _ages_at(standing.published_at, age_days, days))
        if moment is not None
    ]
    return Score(standing, scores, min(moments, default=None))


def quality(window: Window, age_days: int) -> float:
    """Q: 1 up to the length of the window, falling to 1/20 at its double."""
    days = LENGTHS.get(window)
    if days is None or age_days <= days:
        return 1.0
    return float(max(1 / DECAY, DECAY ** (1 - age_days / days)))


def _score(standing: Standing, counts: Counts, quality: float) -> float:
    # In hundredths up to here, so that equal scores compare equal.
    points = 100 * counts.plays + 5000 * counts.reposts + 100 * counts.likes
    points += 25 * standing.ever.reposts + standing.ever.likes
    return points * standing.karma * quality / 100


def _leaves_at(counts: Counts, days: int) -> datetime | None:
    if counts.oldest is None:
        return None
    return counts.oldest.replace(minute=0, second=0, microsecond=0) + HOUR + days * DAY


def _ages_at(published_at: datetime, age_days: int, days: int) -> datetime | None:
    """When the age changes Q next: from the day after the window's length to its double."""
    following = max(age_days, days) + 1
    return published_at + following * DAY if following <= 2 * days else None
