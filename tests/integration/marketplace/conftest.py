from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.marketplace.awkward import Awkward
from tests.integration.marketplace.market import Market, opened


@pytest.fixture
def provider() -> Awkward:
    return Awkward()


@pytest.fixture
async def market(new_database: Callable[[str], Awaitable[str]], provider: Awkward) -> AsyncIterator[Market]:
    async with opened(await new_database("marketplace"), provider) as market:
        yield market
