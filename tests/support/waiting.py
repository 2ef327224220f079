"""Waiting for what happens in another task or process, and for how long."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

# A busy machine is no fault. Only a run that fails anyway waits this long.
PATIENCE_SECONDS = 120.0
_T = TypeVar("_T")


async def until(claim: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE_SECONDS) -> None:
    """Asks again until it is so."""
    async with asyncio.timeout(seconds):
        while not (await answer if isawaitable(answer := claim()) else answer):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


def eventually(claim: Callable[[], _T | None], seconds: float = PATIENCE_SECONDS) -> _T:
    """What `claim` answers as soon as that is something true."""
    deadline = time.monotonic() + seconds
    while not (answer := claim()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)
    return answer
