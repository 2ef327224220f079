"""Parts of a running system taken away: stopped half-dead in their tracks, or killed and kept from coming back."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import psutil

from deploy.local import process
from deploy.local.home import Home
from tests.support.system import System


class Outage(Protocol):
    """Takes a part away for the length of a block."""

    __name__: str

    def __call__(self, system: System, name: str) -> AbstractContextManager[None]: ...


@contextmanager
def stopped(system: System, name: str) -> Iterator[None]:
    """It keeps its port and its connections, and answers nothing."""
    frozen = _family(system, name)
    try:
        for one in frozen:
            one.suspend()
        yield
    finally:
        for one in frozen:
            one.resume()


@contextmanager
def killed(system: System, name: str) -> Iterator[None]:
    """It is gone; the launcher sleeps meanwhile, so nobody starts it again until the block ends."""
    launcher = psutil.Process(int((system.home / "run" / "lock").read_text()))
    launcher.suspend()
    try:
        for one in _family(system, name):
            one.kill()
        yield
    finally:
        launcher.resume()


def pids(system: System) -> dict[str, int]:
    """The processes that the launcher knows of, by part."""
    files = (system.home / "run").glob("*.pid")
    return {path.stem: int(json.loads(path.read_text())["pid"]) for path in files}


def _family(system: System, name: str) -> list[psutil.Process]:
    """The part's process first, then what it started: each of Postgres' backends is a process."""
    first = process.running(Home(system.home))[name]
    return [first, *first.children(recursive=True)]
