"""Housekeeping: what auth must not keep longer than it said."""

import asyncio
from contextlib import suppress

from chassis import idempotency, telemetry
from chassis.errors import Unavailable
from chassis.postgres import Database
from services.auth.sessions import store
from services.auth.sessions.domain import REPEAT_SECONDS

EVERY_SECONDS = 10.0

log = telemetry.logger(__name__)


class Sweeper:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.sweep()
            except Unavailable:  # the database is away; what is old is only older next time
                log.warning("sweep.postponed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)

    async def sweep(self) -> None:
        async with self._db.connection() as conn:
            await store.forget_successors(conn, REPEAT_SECONDS)
            await store.forget_sessions(conn)
            await idempotency.forget_old(conn)
