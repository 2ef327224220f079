"""What is happening to a track."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RecentPlay:
    """Without the listener. `heard_ms` is None if the player reported no time."""

    played_at: datetime
    device: str | None
    heard_ms: int | None


@dataclass(frozen=True, slots=True)
class Realtime:
    as_of: datetime
    active_listeners: int
    last_24_hours: int
    minutes_from: datetime
    # Oldest first; the last one is not over yet.
    per_minute: list[int]
    # Newest first.
    recent_plays: list[RecentPlay]

    @property
    def last_hour(self) -> int:
        return sum(self.per_minute)
