"""Catalog as wired for production on databases of its own, with an auth that a test can send away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from soundstage.auth.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server

from chassis.client import Channel
from chassis.ids import new_id
from chassis.mongo import Mongo
from chassis.postgres import Database
from chassis.server import Server
from services.catalog import wiring
from services.catalog.config import Settings
from tests.integration.catalog.system import System
from tests.support.owners import Auth, running, serving
from tests.support.servers import Servers


@pytest.fixture
async def mongo(backing: Servers) -> AsyncIterator[tuple[Mongo, str]]:
    """A MongoDB database of its own, and its name."""
    name = f"test_catalog_{new_id().hex}"
    made = Mongo(backing.mongodb_url, name)
    await wiring.prepare(made)
    yield made, name
    client: Any = made.collection("tracks").database.client
    await client.drop_database(name)
    await made.close()


@pytest.fixture
async def system(
    backing: Servers, mongo: tuple[Mongo, str], new_database: Callable[[str], Awaitable[str]]
) -> AsyncIterator[System]:
    auth = Auth()  # type: ignore[abstract]
    async with AsyncExitStack() as stack:
        settings = Settings(
            port=0,
            metrics_port=0,
            database_url=await new_database("catalog"),
            mongodb_url=backing.mongodb_url,
            mongodb_database=mongo[1],
            kafka_bootstrap=backing.kafka_bootstrap,
            auth_address=await stack.enter_async_context(serving((auth, add_AccountsServiceServicer_to_server))),
        )
        roles = wiring.build(settings, stack)
        parts = wiring.parts(settings, stack)
        [server] = [part for part in roles.serve if isinstance(part, Server)]
        await stack.enter_async_context(running(server))
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        channel = Channel(f"127.0.0.1:{server.port}")
        stack.push_async_callback(channel.close)
        yield System(settings, roles, parts, database, mongo[0], channel, auth)
