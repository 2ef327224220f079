"""Audience as wired for production, on its own database, with a catalog and an auth that a test can send away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from soundstage.auth.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server
from soundstage.catalog.v1.playlists_pb2_grpc import add_PlaylistsServiceServicer_to_server
from soundstage.catalog.v1.tracks_pb2_grpc import add_TracksServiceServicer_to_server

from chassis.client import Channel
from chassis.postgres import Database
from chassis.server import Server
from services.audience import wiring
from services.audience.config import Settings
from tests.integration.audience.system import System
from tests.support.owners import Auth, Catalog, Playlists, running, serving


@pytest.fixture
async def system(new_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[System]:
    catalog, playlists, auth = Catalog(), Playlists(), Auth()  # type: ignore[abstract]  # the rest answers nobody
    of_catalog = (
        (catalog, add_TracksServiceServicer_to_server),
        (playlists, add_PlaylistsServiceServicer_to_server),
    )
    async with AsyncExitStack() as stack:
        settings = Settings(
            port=0,
            metrics_port=0,
            database_url=await new_database("audience"),
            catalog_address=await stack.enter_async_context(serving(*of_catalog)),
            auth_address=await stack.enter_async_context(serving((auth, add_AccountsServiceServicer_to_server))),
        )
        roles = wiring.build(settings, stack)
        (server,) = roles.serve
        assert isinstance(server, Server)
        await stack.enter_async_context(running(server))
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        channel = Channel(f"127.0.0.1:{server.port}")
        stack.push_async_callback(channel.close)
        yield System(roles, database, channel, catalog, playlists, auth)
