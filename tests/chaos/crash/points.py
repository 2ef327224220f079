"""Named crash points: a process dies by SIGKILL at one of them, once for each time that the point is armed.

None of it is in the system's own code. The processes of a system that has PATH for its PYTHONPATH import
`sitecustomize` as they start, and that wraps the methods named here.
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What a system gets as its PYTHONPATH: `sitecustomize`, and what that imports.
PATH = os.pathsep.join((str(Path(__file__).parent), str(Path(__file__).parents[3])))


@dataclass(frozen=True)
class Point:
    """In the process `service role`: where an asynchronous method is entered, or where it has returned."""

    process: str
    module: str
    method: str  # with its class
    is_after: bool = False

    @property
    def part(self) -> str:
        return self.process.replace(" ", "-")

    @property
    def owner(self) -> type:
        owner: type = getattr(importlib.import_module(self.module), self.method.split(".")[0])
        return owner

    @property
    def name(self) -> str:
        return self.method.split(".")[1]


PLAYS = {
    "committed, not answered": Point("audience serve", "services.audience.plays.domain", "Plays.record", is_after=True),
    "published, not marked": Point("audience relay", "chassis.postgres", "Claim.mark"),
    "counted, not committed": Point("insights consume", "services.insights.consumers", "Counter.apply", is_after=True),
    "committed, offset not told": Point("insights consume", "chassis.sinks", "ExactlyOnceSink.apply", is_after=True),
    "totals added, not committed": Point("insights work", "chassis.postgres", "Database.add_events", is_after=True),
    "totals published, not marked": Point("insights relay", "chassis.postgres", "Claim.mark"),
    "totals copied, offset not told": Point("catalog consume", "chassis.sinks", "StateSink.apply", is_after=True),
}
STORED = Point("streaming serve", "services.streaming.uploads.domain", "Uploads._commit")
TRANSCODED = Point("streaming work", "services.streaming.transcoding.processing", "Processing._finish")
ALL = (*PLAYS.values(), STORED, TRANSCODED)


def lay() -> None:
    """Wraps the points of this process, if it is one of a service's."""
    for point in ALL:
        service, role = point.process.split()
        if sys.orig_argv[-3:] == ["-m", f"services.{service}", role]:
            _wrap(point)


def armed(home: Path, point: Point) -> Path:
    """The file that arms the point; gone as soon as somebody dies of it, so who is started again lives."""
    return home / f"crash-{point.part}-{point.method}"


def _wrap(point: Point) -> None:
    inner: Callable[..., Awaitable[Any]] = getattr(point.owner, point.name)
    file = armed(Path(os.environ["SOUNDSTAGE_HOME"]), point)

    @functools.wraps(inner)
    async def mortal(*args: Any, **kwargs: Any) -> Any:
        if not point.is_after:
            _die_if(file)
        answer = await inner(*args, **kwargs)
        if point.is_after:
            _die_if(file)
        return answer

    setattr(point.owner, point.name, mortal)


def _die_if(file: Path) -> None:
    try:
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
