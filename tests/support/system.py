"""The whole system for end-to-end tests: `make run` on free ports, reached through the public REST alone.

With SOUNDSTAGE_URL it is one that stands elsewhere; SOUNDSTAGE_COMMAND says how a service's command is run there.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.ports import Ports, free_base
from tests.support.servers import ADDRESSES, launched

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 300.0
IN_A_CLUSTER = (
    "kubectl --namespace soundstage exec deployment/{service}-serve -- "
    "env {SERVICE}_METRICS_PORT=0 python -m services.{service}"
)


@dataclass(frozen=True)
class System:
    url: str
    home: Path
    ports: Ports
    environ: dict[str, str]

    def command(self, *words: str, timeout_seconds: float = 60) -> str:
        """Runs `python -m ...` as an operator would beside the running system, and answers what it printed."""
        done = subprocess.run(
            self._argv(words),
            cwd=REPOSITORY,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _argv(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", *words]


class Elsewhere(System):
    """Its processes, ports and files are out of sight."""

    @classmethod
    def at(cls, url: str) -> "Elsewhere":
        return cls(url.rstrip("/"), Path(os.devnull), Ports(), dict(os.environ))

    def _argv(self, words: Sequence[str]) -> list[str]:
        *launcher, service = words[:3]
        assert launcher == ["deploy.local", "service"], words
        template = self.environ.get("SOUNDSTAGE_COMMAND") or IN_A_CLUSTER
        return [*shlex.split(template.format(service=service, SERVICE=service.upper())), *words[3:]]


@contextmanager
def system(*options: str, base: int | None = None, home: Path | None = None, **settings: str) -> Iterator[System]:
    """A system of its own; `options` are the launcher's, `settings` environment variables beyond those of the tests.

    `home` may be a folder that was prepared for it.
    """
    given = {name: value for name in map(str.upper, ADDRESSES) if (value := os.environ.get(name))}
    with tempfile.TemporaryDirectory(prefix="soundstage-") as folder:
        home = home or Path(folder) / "home"
        base = base or free_base()
        ports = Ports(base, gateway=base + 300)
        own = {
            "SOUNDSTAGE_HOME": str(home),
            "SOUNDSTAGE_PORT_BASE": str(base),
            "PORT": str(ports.gateway),
            "RATE_LIMIT_FACTOR": "1000",
        }
        environ = {k: v for k, v in os.environ.items() if k not in given} | own | settings
        url = f"http://127.0.0.1:{ports.gateway}"
        with launched(home, environ, *options) as launcher:
            _wait(home, launcher, url)
            yield System(url, home, ports, environ)


def _wait(home: Path, launcher: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and launcher.poll() is None:
        try:
            if httpx.get(f"{url}/health_check", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    said = (home / "launcher.log").read_text(errors="replace")[-3000:]
    raise RuntimeError(f"the system did not start:\n{said}")
