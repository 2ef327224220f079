"""A MongoDB that cannot do transactions ends the process with one clear line; one that is away is waited for."""

import asyncio
from contextlib import suppress

from chassis import telemetry
from chassis.errors import Unavailable
from chassis.mongo import Mongo, reachable

PATIENCE_SECONDS = 1.0

log = telemetry.logger(__name__)


class ReplicaSet:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and not await self._is_checked():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PATIENCE_SECONDS)
        await stop.wait()

    async def _is_checked(self) -> bool:
        """Raises an Error with the line when MongoDB is no replica set."""
        try:
            with reachable():
                await self._mongo.check()
        except Unavailable as fault:
            log.warning("mongo.away", fault=repr(fault))
            return False
        return True
