"""A system on the stand: its people and tracks, the harm that is done to it, and the verdict afterwards."""

import asyncio
import os
import shlex
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.local import process
from deploy.local.home import Home
from tests.chaos import evidence
from tests.chaos.checker import Place, broken
from tests.chaos.crash.points import Point, armed
from tests.chaos.ledger import Ledger, Outcome
from tests.chaos.writers import WRITERS, Listener, Writers
from tests.support.people import Stage
from tests.support.system import System
from tests.support.waiting import eventually

# From the end of a single fault to every figure being right.
HEALED_SECONDS = 30.0
# What ends a run whatever happens; a fault alone may take two minutes of it.
RUN_SECONDS = 420.0
TRACKS = 3
MAX_LINES, MAX_CHARACTERS = 5, 1500


@dataclass(frozen=True)
class Verdict:
    """One line of the report."""

    fault: str
    outcomes: str
    healed_seconds: float


class Stand:
    def __init__(self, system: System, stage: Stage, tune: Path, plays: int) -> None:
        self.system, self.stage, self.plays = system, stage, plays
        self.home = Home(system.home)
        self.verdicts: list[Verdict] = []
        self.poison: set[Place] = set()
        self._tune = tune
        self.stores = evidence.System(
            system.url, self.address("DATABASE_URL"), self.address("MONGODB_URL"), self.address("KAFKA_BOOTSTRAP")
        )
        self.artist = stage.person("artist")
        people = [stage.person("writer") for _ in range(WRITERS)]
        self._listeners = [Listener(person.id, person.token["access_token"]) for person in people]

    @contextmanager
    def run(self, fault: str, *, lasting: float = 0.0) -> Iterator[Writers]:
        """Writers play new tracks while the block does its harm; at its end everything must come right in time.

        All plays are spread over at least `lasting` seconds.
        """
        track_ids = self.release()
        per_second = self.plays / WRITERS / lasting if lasting else 0.0
        with Writers(
            self.system.url, self._listeners, track_ids, plays=self.plays, seconds=RUN_SECONDS, per_second=per_second
        ) as writers:
            yield writers
        ledger = writers.ledger
        assert len(ledger.attempts) >= self.plays, f"only {len(ledger.attempts)} plays were tried"
        self.judge(fault, ledger, track_ids)

    def judge(self, fault: str, ledger: Ledger, track_ids: Sequence[str]) -> None:
        """Within HEALED_SECONDS every figure is right, and a rebuild finds nothing to mend."""
        ended = time.monotonic()
        while wrong := self._wrong(ledger, track_ids):
            late = time.monotonic() - ended > HEALED_SECONDS
            assert not late, "\n".join([f"{fault}:", *wrong, *self._errors()])
            time.sleep(0.2)
        healed = time.monotonic() - ended
        counts = ledger.count()
        outcomes = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome)
        self.verdicts.append(Verdict(fault, outcomes, healed))
        self.verify()

    def verify(self) -> None:
        """Everything counted anew from the owners' rows; the command fails when something differs."""
        self.system.command("deploy.local", "service", "insights", "verify", timeout_seconds=180)

    def release(self) -> list[str]:
        uploaded = [self.artist.upload(self._tune, title=f"Chaos {uuid.uuid4().hex[:6]}")["id"] for _ in range(TRACKS)]
        for id in uploaded:
            eventually(lambda: self.artist.track(id)["status"] == "completed", seconds=90)  # noqa: B023
        return uploaded

    # -- harm

    def process(self, part: str) -> psutil.Process:
        return eventually(lambda: process.running(self.home).get(part), seconds=30)

    def kill(self, part: str, number: int = signal.SIGKILL) -> None:
        """Returns once the launcher has started it again."""
        old = self.process(part)
        os.kill(old.pid, number)
        eventually(lambda: self._is_another(part, old.pid), seconds=60)

    @contextmanager
    def stopped(self, part: str) -> Iterator[psutil.Process]:
        """For the time of the block it stands still, and is not dead."""
        held = self.process(part)
        held.suspend()
        try:
            yield held
        finally:
            if held.is_running():
                held.resume()

    def arm(self, point: Point) -> None:
        armed(self.home.root, point).touch()

    def crash(self, point: Point) -> None:
        """Returns once a process has died at the point and was started again."""
        before = self.lives(point.part)
        self.arm(point)
        self.until_crashed(point)
        self.until_restarted(point.part, before)

    def until_crashed(self, point: Point) -> None:
        eventually(lambda: not armed(self.home.root, point).exists(), seconds=60)

    def lives(self, part: str) -> str:
        """The name of this life of a process: it changes when it is started again."""
        found = process.running(self.home).get(part)
        return f"{found.pid}" if found else ""

    def until_restarted(self, part: str, life: str) -> None:
        eventually(lambda: self.lives(part) not in ("", life), seconds=60)

    def until_relayed(self, service: str) -> None:
        eventually(lambda: not self.rows(service, evidence.WAITING)[0][0], seconds=120)

    def rows(self, service: str, sql: str) -> list[Any]:
        return asyncio.run(self.stores.rows(service, sql))

    def files(self, folder: str) -> set[Path]:
        """Of the home; locks aside."""
        return {path for path in (self.home.root / folder).rglob("*") if path.is_file() and path.name != "lock"}

    def address(self, name: str) -> str:
        """Of a backing server, as the launcher tells it."""
        words = [word.partition("=") for word in shlex.split(eventually(self._told, seconds=60))]
        return next(address for key, _, address in words if key == name)

    def _errors(self) -> list[str]:
        """The last lines in which the system itself says that something went wrong."""
        logs = sorted(self.home.logs.glob("*.log"))
        lines = [f"{log.stem}: {line}" for log in logs for line in log.read_text(errors="replace").splitlines()]
        return [line[-MAX_CHARACTERS:] for line in lines if '"level": "error"' in line][-MAX_LINES:]

    def _is_another(self, part: str, pid: int) -> bool:
        found = process.running(self.home).get(part)
        return found is not None and found.pid != pid

    def _wrong(self, ledger: Ledger, track_ids: Sequence[str]) -> list[str]:
        try:
            return broken(asyncio.run(self.stores.gather(ledger, track_ids, self.poison)))
        except Exception as away:  # whatever a client says of a store that is not back yet
            return [f"it cannot be looked at: {away!r}"]

    def _told(self) -> str | None:
        return self.home.addresses.read_text() if self.home.addresses.exists() else None
