"""One play as insights counts it, and the rules of how it was listened to (insights contract, "Words")."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

COMPLETED_PERCENT = 95
SKIPPED_BEFORE_MS = 30_000
# The last position: 20 twentieths of the duration.
POSITIONS = 20
DEVICE_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Listening:
    """How far a timed play got. `position` counts full twentieths of the duration."""

    heard_ms: int
    position: int
    is_completed: bool
    is_skipped: bool

    @classmethod
    def of(cls, seconds: int, duration_ms: int) -> "Listening":
        """Seconds are capped at the duration; with an unknown duration (0), no position was reached."""
        if duration_ms <= 0:
            return cls(seconds * 1000, 0, False, seconds * 1000 < SKIPPED_BEFORE_MS)
        heard_ms = min(seconds * 1000, duration_ms)
        is_completed = heard_ms * 100 >= duration_ms * COMPLETED_PERCENT
        is_skipped = heard_ms < SKIPPED_BEFORE_MS and not is_completed
        return cls(heard_ms, heard_ms * POSITIONS // duration_ms, is_completed, is_skipped)


@dataclass(frozen=True, slots=True)
class Play:
    id: UUID
    track_id: UUID
    # None: anonymous; it counts as a play and adds no listener.
    user_id: UUID | None
    occurred_at: datetime
    received_at: datetime
    # None: the player reported no time.
    listening: Listening | None
    device: str | None
    # False: stored, but excluded from every figure.
    is_counted: bool
