"""The people and things that take part once the track is uploaded."""

from dataclasses import dataclass
from pathlib import Path

from deploy.local.demo.gateway import JSON, Gateway, Person
from deploy.local.demo.ledger import Ledger
from deploy.local.demo.screen import Screen
from deploy.local.demo.tune import Tune

MIB = 1024 * 1024


@dataclass(frozen=True)
class Stage:
    gateway: Gateway
    screen: Screen
    folder: Path
    tune: Tune
    artist: Person
    listeners: list[Person]
    track: JSON
    ledger: Ledger

    @property
    def seconds(self) -> float:
        """How long the track is."""
        return float(self.track["duration_ms"] / 1000)
