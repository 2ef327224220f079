"""What was sent, and what follows from it by the words of the insights contract."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

COMPLETED_PERCENT = 95
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Play:
    """`listener` empty: somebody without a name; `seconds` None: the player did not say how long."""

    listener: str = ""
    seconds: int | None = None
    device: str = "unknown"


@dataclass
class Ledger:
    duration_ms: int
    plays: list[Play] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    # By the clock of the house.
    last_play_at: datetime = EARLIEST

    @property
    def streams(self) -> dict[str, int]:
        """Plays by listener, the keenest first."""
        return dict(Counter(play.listener for play in self.plays if play.listener).most_common())

    @property
    def devices(self) -> dict[str, int]:
        return dict(Counter(play.device for play in self.plays))

    @property
    def heard_ms(self) -> list[int]:
        """Of each play whose length is known; cut at the duration."""
        return [min(play.seconds * 1000, self.duration_ms) for play in self.plays if play.seconds is not None]

    @property
    def average_seconds(self) -> float:
        return sum(self.heard_ms) / len(self.heard_ms) / 1000

    @property
    def completion_percent(self) -> float:
        completed = [ms for ms in self.heard_ms if ms * 100 >= self.duration_ms * COMPLETED_PERCENT]
        return 100 * len(completed) / len(self.heard_ms)
