"""Many callers' items in one call: what arrives while calls are in flight joins the next one.

Each item has its own outcome. A caller's deadline or cancellation affects no other caller.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from chassis import clock, errors, telemetry

_Item = TypeVar("_Item")
_Outcome = TypeVar("_Outcome")

_FRESH = Context()

MAX_ITEMS = 128
MAX_CALLS = 4


class Coalescer(Generic[_Item, _Outcome]):
    """`send` takes a group of items and returns one outcome for each, in order."""

    def __init__(
        self,
        name: str,
        send: Callable[[Sequence[_Item]], Awaitable[Sequence[_Outcome]]],
        *,
        max_items: int = MAX_ITEMS,
        max_calls: int = MAX_CALLS,
    ) -> None:
        self._send = send
        self._max_items = max_items
        self._max_calls = max_calls
        self._size = telemetry.GROUP_SIZE.labels(name)
        self._waiting: list[tuple[_Item, asyncio.Future[_Outcome]]] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._is_scheduled = False

    async def ask(self, item: _Item, *, timeout_seconds: float = 5.0) -> _Outcome:
        """The outcome of this item; Unavailable if it is late."""
        future: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._schedule()
        try:
            async with asyncio.timeout(clock.remaining(timeout_seconds)):
                return await future
        except TimeoutError:
            raise errors.Unavailable() from None

    def _schedule(self) -> None:
        if not self._is_scheduled and len(self._calls) < self._max_calls:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._is_scheduled = False
        while self._waiting and len(self._calls) < self._max_calls:
            group = [(i, f) for i, f in self._waiting[: self._max_items] if not f.done()]
            del self._waiting[: self._max_items]
            if group:
                # Its own task in its own context: no caller's deadline, trace or cancellation reaches it.
                task = asyncio.get_running_loop().create_task(self._run(group), context=_FRESH.copy())
                self._calls.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._calls.discard(task)
        if self._waiting:
            self._schedule()

    async def _run(self, group: list[tuple[_Item, "asyncio.Future[_Outcome]"]]) -> None:
        self._size.observe(len(group))
        try:
            outcomes = await self._send([item for item, _ in group])
            for (_, future), outcome in zip(group, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
        except Exception as failure:
            for _, future in group:
                if not future.done():
                    future.set_exception(failure)
