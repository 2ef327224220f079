"""Insights as wired for production, on its own database, with a catalog that a test can send away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from soundstage.catalog.v1.tracks_pb2_grpc import add_TracksServiceServicer_to_server

from chassis.client import Channel
from chassis.postgres import Database
from chassis.server import Server
from services.insights import wiring
from services.insights.config import Settings
from tests.integration.insights.audience import Audience
from tests.integration.insights.live import Live
from tests.integration.insights.system import System
from tests.support.owners import Catalog, running, serving
from tests.support.servers import Servers


@pytest.fixture
async def system(new_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[System]:
    catalog, audience = Catalog(), Audience()  # type: ignore[abstract]  # the rest answers nobody
    async with AsyncExitStack() as stack:
        settings = Settings(
            port=0,
            metrics_port=0,
            database_url=await new_database("insights"),
            catalog_address=await stack.enter_async_context(serving((catalog, add_TracksServiceServicer_to_server))),
            audience_address=await stack.enter_async_context(serving(*audience.servicers())),
        )
        roles = wiring.build(settings, stack)
        (server,) = roles.serve
        assert isinstance(server, Server)
        await stack.enter_async_context(running(server))
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        channel = Channel(f"127.0.0.1:{server.port}")
        stack.push_async_callback(channel.close)
        yield System(settings, roles, database, channel, catalog, audience)


@pytest.fixture
async def live(system: System, backing: Servers) -> AsyncIterator[Live]:
    async with AsyncExitStack() as stack:
        live = Live(system, backing, stack)
        await live.begin()
        yield live
