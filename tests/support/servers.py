"""The backing servers for tests: the addresses in the environment, else embedded ones started for this run.

One implementation with `make run`: the embedded ones are `python -m deploy.local run --backing-only` in a home of its
own on free ports, so they are restarted when a test kills them and end with the test run, however that ends.
"""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from chassis.config import Settings
from deploy.local.ports import free_base
from deploy.local.process import following

REPOSITORY = Path(__file__).parents[2]
# The first start of a machine fetches Kafka's jars.
READY_SECONDS = 300.0
STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Servers:
    """Addresses: an administrator's Postgres URL, and one of each other kind. `home` is None for given servers."""

    database_url: str
    redis_url: str
    mongodb_url: str
    kafka_bootstrap: str
    home: Path | None = None

    def environ(self) -> dict[str, str]:
        """Under the names that the launcher and the services read."""
        return {name.upper(): str(getattr(self, name)) for name in ADDRESSES}

    @property
    def kafka_replication(self) -> int:
        """As many copies of a topic as a service would make here."""
        return Settings().kafka_replication


ADDRESSES = tuple(field.name for field in fields(Servers) if field.name != "home")


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Take it into a session-scoped fixture: `with servers() as backing: yield backing`."""
    if all(os.environ.get(name.upper()) for name in ADDRESSES):
        yield _read(os.environ, None)
        return
    with tempfile.TemporaryDirectory(prefix="soundstage-") as folder:
        home = Path(folder) / "home"
        environ = os.environ | {"SOUNDSTAGE_HOME": str(home), "SOUNDSTAGE_PORT_BASE": str(free_base())}
        with launched(home, environ, "--backing-only") as launcher:
            yield _read(_wait_for_addresses(home, launcher), home)


@contextlib.contextmanager
def launched(home: Path, environ: Mapping[str, str], *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`make run` in a home of its own, ended at the end of the block, or with this process."""
    command = [sys.executable, "-m", "deploy.local", "run", "--no-durable", *options]
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "launcher.log").open("wb") as log:
        launcher = subprocess.Popen(
            following(command),
            cwd=REPOSITORY,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield launcher
    finally:
        launcher.terminate()
        try:
            launcher.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            launcher.kill()


def _wait_for_addresses(home: Path, launcher: "subprocess.Popen[bytes]") -> Mapping[str, str]:
    file, deadline = home / "run" / "addresses.env", time.monotonic() + READY_SECONDS
    while not file.exists():
        if launcher.poll() is not None or time.monotonic() > deadline:
            said = (home / "launcher.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the backing servers did not start:\n{said}")
        time.sleep(0.05)
    words = shlex.split(file.read_text())
    return dict(word.split("=", 1) for word in words if "=" in word)


def _read(environ: Mapping[str, str], home: Path | None) -> Servers:
    return Servers(**{name: environ[name.upper()] for name in ADDRESSES}, home=home)
