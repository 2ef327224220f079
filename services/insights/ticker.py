"""A role that does one thing again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from chassis import errors, telemetry

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Every:
    """What fails is done at the next turn: a line says what was away, a trace what was unforeseen."""

    seconds: float
    name: str
    do: Callable[[], Awaitable[object]]

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.seconds)

    async def _turn(self) -> None:
        try:
            await self.do()
        except errors.Unavailable as away:
            log.warning("turn.put_off", name=self.name, fault=repr(away.__cause__ or away))
        except Exception:
            log.exception("turn.failed", name=self.name)
