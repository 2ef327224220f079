"""What the writers did, as they saw it: the one side of every comparison."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    OK = "ok"
    FAILED = "failed"  # refused: it must not count
    UNKNOWN = "unknown"  # no answer, or one that says that nobody knows


@dataclass(slots=True)
class Attempt:
    """One play, under its own key, however often it was sent."""

    key: str
    user_id: str
    track_id: str
    outcome: Outcome = Outcome.UNKNOWN
    # Ids in answers; a repeat must name the first play.
    play_ids: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    said: str = ""  # when it was refused


@dataclass(slots=True)
class Liking:
    """The state in which a writer left a track; not certain when some change was never answered."""

    user_id: str
    track_id: str
    is_liked: bool = False
    is_certain: bool = True


@dataclass(slots=True)
class Ledger:
    attempts: list[Attempt] = field(default_factory=list)
    likings: list[Liking] = field(default_factory=list)

    @classmethod
    def of(cls, parts: Iterable["Ledger"]) -> "Ledger":
        whole = cls()
        for part in parts:
            whole.attempts += part.attempts
            whole.likings += part.likings
        return whole

    def count(self) -> Counter[Outcome]:
        return Counter(attempt.outcome for attempt in self.attempts)
