"""What tests of several kinds share: the backing servers, a database for each test, one system for all stories."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import audio, databases
from tests.support.callers import Callers, assemble
from tests.support.elsewhere import ELSEWHERE
from tests.support.people import Person, Stage
from tests.support.servers import Servers, servers
from tests.support.system import Elsewhere, System, system
from tests.support.traces import Collector, collector

# A test that times itself fails on a busy machine.
hypothesis.settings.register_profile("soundstage", deadline=None)
hypothesis.settings.load_profile("soundstage")


@pytest.fixture(scope="session")
def backing() -> Iterator[Servers]:
    with servers() as addresses:
        yield addresses


@pytest.fixture
async def new_database(backing: Servers) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Makes a migrated database of a service, `await new_database("audience")`, and answers its address."""
    made: list[str] = []

    async def make(service: str) -> str:
        url = await databases.make(backing.database_url, service)
        made.append(url)
        return url

    yield make
    await asyncio.gather(*(databases.drop(backing.database_url, url) for url in made))


@pytest.fixture(scope="session")
def traces() -> Iterator[Collector]:
    with collector() as kept:
        yield kept


@pytest.fixture(scope="session")
def running_system(traces: Collector) -> Iterator[System]:
    if ELSEWHERE:
        yield Elsewhere.at(ELSEWHERE)
        return
    with system(OTLP_ENDPOINT=traces.endpoint) as running:
        yield running


@pytest.fixture
def stage(running_system: System) -> Iterator[Stage]:
    with Stage(running_system.url) as stage:
        yield stage


@pytest.fixture(scope="session")
def callers(running_system: System) -> Iterator[Callers]:
    """Everybody who may knock at a door; whoever changes what they own makes it for themselves."""
    with Stage(running_system.url) as stage:
        yield assemble(running_system, stage)


@pytest.fixture
def artist(stage: Stage) -> Person:
    return stage.person("artist")


@pytest.fixture
def listener(stage: Stage) -> Person:
    return stage.person("listener")


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, float], Path]:
    """A recording of this format and length, made once: `tune("flac", 9.5)`."""
    folder = tmp_path_factory.mktemp("tunes")

    def make(kind: str, seconds: float) -> Path:
        path = folder / f"tune-{seconds}.{kind}"
        return path if path.exists() else audio.make(path, seconds)

    return make
