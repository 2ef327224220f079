"""Every role can be built and started with no server anywhere, and every call states who may make it."""

import asyncio
from contextlib import AsyncExitStack

from chassis.server import Server
from services.marketplace import wiring
from services.marketplace.config import Settings
from tests.support.waiting import until

NOWHERE = "127.0.0.1:1"


async def test_the_server_starts_while_everything_is_away() -> None:
    addresses = {"database_url": f"postgresql://{NOWHERE}/x", "catalog_address": NOWHERE, "kafka_bootstrap": NOWHERE}
    settings = Settings.model_validate({"port": 0, "metrics_port": 0, **addresses})
    async with AsyncExitStack() as stack:
        roles = wiring.build(settings, stack)
        assert roles.consume and roles.relay and roles.work
        [server] = roles.serve
        assert isinstance(server, Server)
        stop = asyncio.Event()
        serving, working = asyncio.create_task(server.run(stop)), asyncio.create_task(roles.work[0].run(stop))
        await until(lambda: server.port > 0 or serving.done())
        assert not serving.done()
        assert not working.done()
        stop.set()
        await asyncio.gather(serving, working)
