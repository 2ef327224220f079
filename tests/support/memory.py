"""How much memory processes take at most while something happens, as the kernel counts it: no peak is missed."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import process
from deploy.local.home import Home

KIB, MIB = 1024, 1024 * 1024
SAMPLE_SECONDS = 0.02
# proc(5): resets the peak resident set size to the present one.
RESET_PEAK = "5"


@dataclass
class Peaks:
    """By how many bytes each process grew at most, and the peak of each kind of child, by its program's name."""

    grown: dict[str, int] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def watched(home: Path, names: tuple[str, ...]) -> Iterator[Peaks]:
    """The processes of a system by their names; what the block did to them is there when it has ended."""
    running = process.running(Home(home))
    chosen = {name: running[name].pid for name in names}
    before = {name: _reset(pid) for name, pid in chosen.items()}
    peaks, ended = Peaks(), threading.Event()
    watcher = threading.Thread(target=_sample, args=(list(chosen.values()), peaks, ended), daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()
    peaks.grown = {name: _status(pid, "VmHWM") - before[name] for name, pid in chosen.items()}


def _sample(parents: list[int], peaks: Peaks, ended: threading.Event) -> None:
    """Children come and go, and their peaks only grow, so the last look at one is short of little."""
    while not ended.wait(SAMPLE_SECONDS):
        for parent in parents:
            for child in _children(parent):
                with contextlib.suppress(OSError):
                    command, peak = _command(child), _status(child, "VmHWM")
                    # Until it has become its program, a child still has its parent's memory.
                    if command != _command(parent):
                        name = Path(command.split("\0")[0]).name
                        peaks.children[name] = max(peak, peaks.children.get(name, 0))


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _children(pid: int) -> list[int]:
    """Read from the kernel's own lists: a look through all processes would take longer than some children live."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _reset(pid: int) -> int:
    Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    """Bytes; 0 of a process that is ending and has no memory any more."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith(f"{name}:")), 0)
