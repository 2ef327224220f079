"""The role that asks Kafka, each second, where its log ends."""

import asyncio
from contextlib import suppress

from chassis import clock, errors, telemetry
from services.insights.freshness.domain import Freshness
from services.insights.log import Log, OpenLog

EVERY_SECONDS = 1.0
PATIENCE_SECONDS = 10.0

log = telemetry.logger(__name__)


class Watch:
    def __init__(self, freshness: Freshness, log: Log) -> None:
        self._freshness = freshness
        self._log = log

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._log.opened() as opened:
                    while not stop.is_set():
                        await self._note(opened)
                        await _pause(stop)
            except (errors.Unavailable, TimeoutError) as away:
                # Nothing is noted meanwhile, so `as_of` does not advance: nobody knows what is waiting.
                log.warning("freshness.interrupted", fault=repr(away.__cause__ or away))
                await _pause(stop)

    async def _note(self, opened: OpenLog) -> None:
        noted_at = clock.utc_now()
        await self._freshness.note(noted_at, await asyncio.wait_for(opened.ends(), PATIENCE_SECONDS))


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
