"""What tests of every kind share: the backing servers of the run, and a database of its own for each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import hypothesis
import pytest

from tests.support import databases
from tests.support.servers import Servers, servers

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
