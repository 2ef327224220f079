"""The supervisor of the local run, on processes that are a line of Python each."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local import process
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.supervisor import Supervisor

WAITS = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('deaf', 'w'); time.sleep(60)"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.open(tmp_path / "home")


class Run:
    """Parts under a supervisor, and what it said of them."""

    def __init__(self, home: Home, *parts: Part) -> None:
        self.said: list[tuple[str, str]] = []
        self.stop = asyncio.Event()
        self.ready = asyncio.Event()
        self._home = home
        self._supervisor = Supervisor(parts, home, lambda name, state: self.said.append((name, state)))

    async def __aenter__(self) -> "Run":
        self.task = asyncio.create_task(self._supervisor.run(self.stop, self.ready.set))
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait({self.task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        await self.task

    def order(self, state: str) -> list[str]:
        return [name for name, its in self.said if its == state]

    def pid(self, name: str) -> int:
        return process.running(self._home)[name].pid

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(8):
            while not is_so():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def part(name: str, program: str = WAITS, *after: str, cwd: Path | None = None, is_step: bool = False) -> Part:
    async def healthy() -> None:
        """Up as soon as it runs."""

    command = [sys.executable, "-S", "-c", program]
    return Part(name=name, command=lambda: command, after=after, healthy=healthy, cwd=cwd, is_step=is_step)


async def test_starts_in_order_of_dependency_and_stops_in_reverse(home: Home) -> None:
    parts = [part("gateway", WAITS, "service"), part("service", WAITS, "step"), part("step", "pass", is_step=True)]
    async with Run(home, *parts) as run:
        assert run.order("starting") == ["step", "service", "gateway"]
        pids = [run.pid("service"), run.pid("gateway")]
    assert run.order("stopping") == ["gateway", "service"]
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not list(home.run.glob("*.pid"))


async def test_waits_until_a_dependency_is_healthy(home: Home, tmp_path: Path) -> None:
    async def healthy() -> None:
        if not (tmp_path / "healthy").exists():
            raise ConnectionError("not yet")

    base = Part(name="base", command=part("base").command, healthy=healthy)
    run = Run(home, base, part("next", WAITS, "base"))
    async with asyncio.TaskGroup() as group:
        group.create_task(run.__aenter__())
        await run.until(lambda: run.order("starting") == ["base"])
        (tmp_path / "healthy").touch()
    assert run.said.index(("base", "ready")) < run.said.index(("next", "starting"))
    await run.__aexit__()


async def test_restarts_a_child_that_was_killed(home: Home) -> None:
    async with Run(home, part("service")) as run:
        first = run.pid("service")
        os.kill(first, signal.SIGKILL)
        await run.until(lambda: run.order("starting") == ["service", "service"] and "service" in process.running(home))
        assert run.pid("service") != first


async def test_outlives_a_disk_that_fills_and_empties(home: Home) -> None:
    is_full = False

    async def prepare() -> None:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")

    ready = part("service")
    async with Run(home, Part(name="service", command=ready.command, healthy=ready.healthy, prepare=prepare)) as run:
        is_full = True
        os.kill(run.pid("service"), signal.SIGKILL)
        await run.until(lambda: run.order("died") == ["service", "service"])
        is_full = False
        await run.until(lambda: run.order("ready") == ["service", "service"])


async def test_kills_who_does_not_end_in_time(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.supervisor.STOP_SECONDS", 0.3)
    async with Run(home, part("deaf", DEAF, cwd=tmp_path)) as run:
        await run.until((tmp_path / "deaf").exists)
        pid, began = run.pid("deaf"), time.monotonic()
    assert time.monotonic() - began < 2
    assert not psutil.pid_exists(pid)


async def test_says_in_one_line_what_could_not_be_started(home: Home) -> None:
    broken = part("broken", "raise SystemExit('the port is haunted')")
    broken = Part(name="broken", command=broken.command, healthy=_never)
    with pytest.raises(LocalError, match=r"broken exited with code 1: the port is haunted \(see .*broken\.log\)"):
        async with Run(home, part("other"), broken) as run:
            assert run.task.done()
    assert process.running(home) == {}


async def test_says_when_the_disk_is_full(home: Home) -> None:
    broken = part("broken", "raise SystemExit('OSError: [Errno 28] No space left on device')", is_step=True)
    with pytest.raises(LocalError, match="the disk is full"):
        async with Run(home, broken):
            pass


async def _never() -> None:
    raise ConnectionError("never")


def test_ends_what_an_earlier_launcher_left_and_nobody_else(home: Home) -> None:
    left = process.spawn(part("left"), home)
    stranger = subprocess.Popen([sys.executable, "-S", "-c", WAITS])
    try:
        # The pid of the dead child was given to somebody else since.
        identity = f'{{"pid": {stranger.pid}, "started": {psutil.Process(stranger.pid).create_time() - 60}}}'
        (home.run / "stranger.pid").write_text(identity)
        assert process.stop_leftovers(home) == ["left"]
        assert left.exit_code() is not None
        assert stranger.poll() is None
        assert not list(home.run.glob("*.pid"))
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_child_follows_the_death_of_its_launcher(tmp_path: Path) -> None:
    launcher = (
        "import subprocess, sys, time; from deploy.local.process import following;"
        "child = subprocess.Popen(following([sys.executable, '-S', '-c', 'import time; time.sleep(60)']));"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    _until_it_is(child, "time.sleep(60)")
    parent.kill()
    parent.communicate()
    gone = child.wait(5) if child.is_running() and child.status() != psutil.STATUS_ZOMBIE else None
    assert gone in (None, 0, -signal.SIGTERM)


def _until_it_is(child: psutil.Process, program: str) -> None:
    deadline = time.monotonic() + 5
    while "-I" in child.cmdline() or not any(program in word for word in child.cmdline()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_log_keeps_its_size(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_BYTES", 1000)
    home.log("chatty").write_bytes(b"x" * 2000)
    process.rotate_log(home.log("chatty"))
    assert home.log("chatty").stat().st_size == 0
    assert home.log("chatty").with_suffix(".log.1").stat().st_size == 2000
