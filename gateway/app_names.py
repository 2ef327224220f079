"""Requests to discovery by the name that an app gives itself: counted in memory, reported to insights every 5 s.

A report keeps its id until insights has it, so none counts twice and none is lost. While insights is down, counting
goes on here.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import parse_qsl

from soundstage.insights.v1.apps_pb2 import AppCount, RecordAppsRequest, RecordAppsResponse

from chassis import clock, errors, telemetry
from chassis.clock import timestamp
from chassis.ids import new_id

log = telemetry.logger(__name__)

PREFIX = "/v1/"
UNKNOWN = "unknown"
MAX_CHARACTERS = 128
# Invented names must not fill our memory or a message: further ones count as unknown.
MAX_NAMES = 2_000
EVERY_SECONDS = 5.0
# When we stop, insights may be about to come back.
PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 0.3

Record = Callable[[RecordAppsRequest], Awaitable[RecordAppsResponse]]


class AppNames:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._counts: Counter[str] = Counter()
        self._pending: RecordAppsRequest | None = None

    def count(self, path: str, query_string: bytes) -> None:
        """Counts one request to an operation at `path` that was within its limits, whatever its answer."""
        if path.startswith(PREFIX):
            name = name_in(query_string)
            if name not in self._counts and len(self._counts) >= MAX_NAMES:
                name = UNKNOWN
            self._counts[name] += 1

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            await self.report()

    async def finish(self) -> None:
        """Reports the rest, once no more requests come."""
        with clock.budget(PATIENCE_SECONDS):
            while not await self.report() and clock.remaining(PATIENCE_SECONDS) > PAUSE_SECONDS:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)
        if self._pending is not None:
            unreported = sum(row.count for row in self._pending.counts)
            log.warning("app_names.lost", requests=unreported + self._counts.total())

    async def report(self) -> bool:
        """Sends the pending report again, under its id, then what was counted since. True if insights has it all."""
        try:
            while report := self._pending or self._next():
                self._pending = report
                await self._record(report)
                self._pending = None
        except errors.Invalid as refused:
            # Sent again, it would be refused again and block all later ones.
            log.error("app_names.refused", error=refused.reason)
            self._pending = None
        except errors.Error as failure:
            log.warning("app_names.insights_down", error=failure.reason)
        return not self._counts and self._pending is None

    def _next(self) -> RecordAppsRequest | None:
        counts, self._counts = self._counts, Counter()
        if not counts:
            return None
        rows = [AppCount(name=name, count=count) for name, count in counts.items()]
        return RecordAppsRequest(id=str(new_id()), counts=rows, counted_at=timestamp(clock.utc_now()))


def name_in(query_string: bytes) -> str:
    """The name as it is counted: unknown when it is missing, empty, too long, or not text."""
    if b"app_name" not in query_string:
        return UNKNOWN
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), errors="strict")
    except ValueError:
        return UNKNOWN
    name = next((value for key, value in reversed(pairs) if key == "app_name"), "")
    is_name = 0 < len(name) <= MAX_CHARACTERS and "\0" not in name
    return name if is_name else UNKNOWN
