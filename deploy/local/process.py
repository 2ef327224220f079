"""Child processes that never outlive the launcher: they die with it, and pid files identify leftovers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from deploy.local import follow
from deploy.local.home import Home
from deploy.local.part import Part

LOG_BYTES = 16 * 1024 * 1024


class Child:
    """One running process, its pid file and its log."""

    def __init__(self, name: str, home: Home, popen: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.pid = popen.pid
        self._popen = popen
        self._pid_file = home.run / f"{name}.pid"
        self._pid_file.write_text(json.dumps(_identity(psutil.Process(popen.pid))))

    def exit_code(self) -> int | None:
        """None while it runs."""
        code = self._popen.poll()
        if code is not None:
            self._pid_file.unlink(missing_ok=True)
        return code

    def signal(self, number: int) -> None:
        if self.exit_code() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it and its descendants."""
        kill_group(self.pid)
        self._popen.wait()
        self._pid_file.unlink(missing_ok=True)


def spawn(part: Part, home: Home) -> Child:
    """Starts a process that logs to the home, in its own session, so that Ctrl-C reaches only the launcher."""
    assert part.command is not None
    path = home.log(part.name)
    rotate_log(path)
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        popen = subprocess.Popen(
            following(part.command(), part.stop_signal, part.user, part.group),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(part.env) if part.env else None,
            cwd=part.cwd,
            start_new_session=True,
        )
    finally:
        os.close(log)
    return Child(part.name, home, popen)


def following(
    command: list[str], death_signal: int = signal.SIGTERM, user: int | None = None, group: int | None = None
) -> list[str]:
    """The command line of a child that gets this signal when we die, however we die (Linux only)."""
    owner = [follow.SAME_USER] * 2 if user is None else [str(user), str(group)]
    return [sys.executable, "-I", "-S", follow.__file__, str(os.getpid()), str(int(death_signal)), *owner, *command]


def kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def rotate_log(path: Path) -> None:
    """Keeps the last full log as `.1`. Children append, so truncating their open file is safe."""
    if not path.exists() or path.stat().st_size < LOG_BYTES:
        return
    path.with_suffix(".log.1").write_bytes(path.read_bytes())
    os.truncate(path, 0)


def failure(name: str, what: str, home: Home) -> str:
    """One line about a part that could not be started, with the end of its log."""
    path = home.log(name)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return f"the disk is full: {name} cannot write to {home.root} (see {path})"
    return f"{name} {what}: {lines[-1] if lines else 'no output'} (see {path})"


def running(home: Home) -> dict[str, psutil.Process]:
    """The processes in this home's pid files that are still running."""
    found: dict[str, psutil.Process] = {}
    for path in sorted(home.run.glob("*.pid")):
        process = _identify(path)
        if process is not None:
            found[path.stem] = process
    return found


def stop_leftovers(home: Home, *, patience_seconds: float = 5.0) -> list[str]:
    """Stops what an earlier launcher left running: only processes identified by its pid files."""
    left = running(home)
    for process in left.values():
        process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(left.values(), timeout=patience_seconds)
    for process in alive:
        kill_group(process.pid)
    psutil.wait_procs(alive, timeout=patience_seconds)
    for path in home.run.glob("*.pid"):
        path.unlink(missing_ok=True)
    return list(left)


def _identity(process: psutil.Process) -> dict[str, object]:
    return {"pid": process.pid, "started": process.create_time()}


def _identify(path: Path) -> psutil.Process | None:
    """The process of a pid file. Pids are reused, so the start time must match too."""
    try:
        recorded = json.loads(path.read_text())
        process = psutil.Process(int(recorded["pid"]))
        same = abs(process.create_time() - float(recorded["started"])) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (ValueError, KeyError, TypeError, OSError, psutil.Error):
        return None
