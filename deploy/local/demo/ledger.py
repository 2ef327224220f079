"""What was sent, and the figures that follow from it by the insights contract's definitions."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

COMPLETED_PERCENT = 95
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Play:
    """`listener` is empty if anonymous; `seconds` is None if the player did not report it."""

    listener: str = ""
    seconds: int | None = None
    device: str = "unknown"


@dataclass
class Ledger:
    duration_ms: int
    plays: list[Play] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    # By the server's clock.
    last_play_at: datetime = EARLIEST

    @property
    def streams(self) -> dict[str, int]:
        """Plays by listener, most plays first."""
        return dict(Counter(play.listener for play in self.plays if play.listener).most_common())

    @property
    def devices(self) -> dict[str, int]:
        return dict(Counter(play.device for play in self.plays))

    @property
    def heard_ms(self) -> list[int]:
        """For each play with a known length; capped at the duration."""
        return [min(play.seconds * 1000, self.duration_ms) for play in self.plays if play.seconds is not None]

    @property
    def average_seconds(self) -> float:
        return sum(self.heard_ms) / len(self.heard_ms) / 1000

    @property
    def completion_percent(self) -> float:
        completed = [ms for ms in self.heard_ms if ms * 100 >= self.duration_ms * COMPLETED_PERCENT]
        return 100 * len(completed) / len(self.heard_ms)
