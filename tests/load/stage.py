"""What the bench measures on: the system on free ports with durable stores, and what it is measured against."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from deploy.local import process
from deploy.local.home import Home
from deploy.local.ports import Ports, free_base
from tests.support.loadgen import Address
from tests.support.people import Person, Stage
from tests.support.servers import ADDRESSES, launched

READY_SECONDS = 300.0
# Limits are not what is measured.
NO_LIMITS = "1000000"


@dataclass(frozen=True)
class System:
    home: Home
    ports: Ports
    stage: Stage
    # As an operator beside it has it.
    environ: dict[str, str]

    @property
    def address(self) -> Address:
        return ("127.0.0.1", self.ports.gateway)

    @property
    def processes(self) -> dict[str, psutil.Process]:
        return process.running(self.home)

    def database_url(self, name: str) -> str:
        """The administrator's way into one service's database."""
        return urlsplit(self.backing("DATABASE_URL"))._replace(path=f"/{name}").geturl()

    def backing(self, name: str) -> str:
        words = [word.partition("=") for word in shlex.split(self.home.addresses.read_text())]
        return next(address for key, _, address in words if key == name)


@contextmanager
def system() -> Iterator[System]:
    """The whole system on stores of its own that survive a power cut: commits cost what they cost in earnest."""
    with tempfile.TemporaryDirectory(prefix="soundstage-bench-") as folder:
        base = free_base()
        ports = Ports(base, gateway=base + 300)
        given = {name.upper() for name in ADDRESSES}
        environ = {name: value for name, value in os.environ.items() if name not in given} | {
            "SOUNDSTAGE_HOME": str(Path(folder) / "home"),
            "SOUNDSTAGE_PORT_BASE": str(base),
            "PORT": str(ports.gateway),
            "RATE_LIMIT_FACTOR": NO_LIMITS,
            "LOG_LEVEL": "warning",
        }
        root, url = Path(folder) / "home", f"http://127.0.0.1:{ports.gateway}"
        _give_memory(root)
        with launched(root, environ, "--durable") as launcher:
            _await(f"{url}/health_check", launcher, root / "launcher.log", root / "run" / "addresses.env")
            with Stage(url) as stage:
                yield System(Home(root), ports, stage, environ)


def _give_memory(root: Path) -> None:
    """To the embedded MongoDB: with its usual cache, 1,000 tracks more take minutes once there are 100,000."""
    root.mkdir(mode=0o700)
    (root / "mongo").mkdir()
    (root / "mongo" / "secantus.toml").write_text('[storage]\ncache_size = "3G"\n')


@contextmanager
def baseline(database_url: str) -> Iterator[tuple[Address, psutil.Process]]:
    port = free_base() + 301
    argv = [sys.executable, "-m", "tests.load.baseline", database_url, str(port)]
    with _running(argv, f"http://127.0.0.1:{port}/hello") as running:
        yield ("127.0.0.1", port), running


@contextmanager
def nginx(executable: str, root: Path) -> Iterator[Address]:
    """One worker that serves the files of `root`."""
    port = free_base() + 302
    with tempfile.TemporaryDirectory(prefix="soundstage-nginx-") as folder:
        run_as = "user root;" if os.geteuid() == 0 else ""
        (Path(folder) / "nginx.conf").write_text(
            f"{run_as} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
            "events { worker_connections 512; }"
            "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;"
            f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}"
        )
        argv = [executable, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
        with _running(argv, f"http://127.0.0.1:{port}/"):
            yield ("127.0.0.1", port)


@contextmanager
def _running(argv: list[str], url: str) -> Iterator[psutil.Process]:
    started = subprocess.Popen(process.following(argv), stdout=subprocess.DEVNULL)
    try:
        _await(url, started)
        yield psutil.Process(started.pid)
    finally:
        started.terminate()
        started.wait(10)


def _await(url: str, running: "subprocess.Popen[bytes]", log: Path | None = None, ready: Path | None = None) -> None:
    """Until something but a 5xx answers there, and the file is there that says that all is ready."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code < 500 and (ready is None or ready.exists()):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    said = log.read_text(errors="replace") if log else ""
    raise RuntimeError(f"nothing answers at {url}: {said[-3000:]}")


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token['access_token']}"}


class Cpu:
    """CPU seconds of named process trees between two looks."""

    def __init__(self, processes: dict[str, psutil.Process]) -> None:
        self._processes = processes
        self._before = {name: _seconds(one) for name, one in processes.items()}

    def spent(self) -> dict[str, float]:
        return {name: _seconds(one) - self._before[name] for name, one in self._processes.items()}


def _seconds(one: psutil.Process) -> float:
    """Of the process and what it started; connections' own processes of Postgres among them, also those that ended."""
    times = [family.cpu_times() for family in (one, *one.children(recursive=True)) if family.is_running()]
    own = times[0]
    return sum(t.user + t.system for t in times) + own.children_user + own.children_system
