"""Requests to discovery by the name that an app gives itself: counted in memory, told to insights every few seconds.

A report keeps its id until insights has it, so none counts twice and none is lost; insights away: counts go on here.
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
# Whoever makes up names fills neither our memory nor a message: further ones are unknown.
MAX_NAMES = 2_000
EVERY_SECONDS = 5.0
# At the end insights may just be on its way back.
PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 0.3

Record = Callable[[RecordAppsRequest], Awaitable[RecordAppsResponse]]


class AppNames:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._counts: Counter[str] = Counter()
        self._report: RecordAppsRequest | None = None

    def count(self, path: str, query_string: bytes) -> None:
        """One request, whatever will be answered."""
        if path.startswith(PREFIX):
            name = name_in(query_string)
            if name not in self._counts and len(self._counts) >= MAX_NAMES:
                name = UNKNOWN
            self._counts[name] += 1

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            await self.tell()

    async def finish(self) -> None:
        """Tells the rest, once no request comes any more."""
        with clock.budget(PATIENCE_SECONDS):
            while not await self.tell() and clock.remaining(PATIENCE_SECONDS) > PAUSE_SECONDS:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)
        if self._report is not None:
            told_in_vain = sum(row.count for row in self._report.counts)
            log.warning("app_names.lost", requests=told_in_vain + self._counts.total())

    async def tell(self) -> bool:
        """First what was told in vain, under the same id; then what came since. Whether insights has it all."""
        try:
            while report := self._report or self._next():
                self._report = report
                await self._record(report)
                self._report = None
        except errors.Invalid as refused:
            # Told again it would be refused again, and all that came after it would wait.
            log.error("app_names.refused", error=refused.reason)
            self._report = None
        except errors.Error as failure:
            log.warning("app_names.insights_away", error=failure.reason)
        return not self._counts and self._report is None

    def _next(self) -> RecordAppsRequest | None:
        counts, self._counts = self._counts, Counter()
        if not counts:
            return None
        rows = [AppCount(name=name, count=count) for name, count in counts.items()]
        return RecordAppsRequest(id=str(new_id()), counts=rows, counted_at=timestamp(clock.utc_now()))


def name_in(query_string: bytes) -> str:
    """The name as it is counted: unknown when it is missing, empty, too long, or no text."""
    if b"app_name" not in query_string:
        return UNKNOWN
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), errors="strict")
    except ValueError:
        return UNKNOWN
    name = next((value for key, value in reversed(pairs) if key == "app_name"), "")
    is_name = 0 < len(name) <= MAX_CHARACTERS and "\0" not in name
    return name if is_name else UNKNOWN
