"""Once a minute: sealed minutes at their owner against ours; what differs is asked for again.

A minute is sealed 120 s after its end, since a transaction that began in it may commit up to 30 s later.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import clock, telemetry
from chassis.postgres import Connection, Database
from services.insights.freshness import domain as freshness
from services.insights.reconciliations import store

SEALED_AFTER = timedelta(seconds=120)
FIRST_LOOK_BACK = timedelta(hours=24)
# A gap that republishing has not closed within the retention of outboxes needs a `rebuild`.
GIVE_UP_AFTER = timedelta(days=7)
MAX_CALL_SPAN = timedelta(hours=24)
# Republishing what merely waits in Kafka would lengthen the backlog.
FRESH_WITHIN = timedelta(seconds=60)
MAX_RESENT = 10
# How often a minute is asked for: what ten tries do not bring, `rebuild` must.
MAX_TRIES = 10
NOTHING = (0, 0)

log = telemetry.logger(__name__)

# By minute: how many, and the sum of their versions (0 for plays, which have none).
Minutes = dict[datetime, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Source:
    """What is compared: the events of some `types`, at their owner and here."""

    name: str
    types: frozenset[str]
    theirs: Callable[[datetime, datetime], Awaitable[Minutes]]
    ours: Callable[[Connection, datetime, datetime], Awaitable[Minutes]]
    resend: Callable[[Sequence[datetime]], Awaitable[None]]


class Reconciler:
    def __init__(self, database: Database, sources: Sequence[Source], *, consumer: str) -> None:
        """`consumer` is the one that counts here, and sets aside what it cannot."""
        self._database = database
        self._sources = sources
        self._consumer = consumer

    async def compare_all(self) -> None:
        """Compares each source, whatever becomes of the others; raises the first failure."""
        outcomes = [await _outcome(self.compare(source)) for source in self._sources]
        for failure in filter(None, outcomes):
            raise failure

    async def compare(self, source: Source) -> dict[datetime, int]:
        """The minutes that differ, and how many each lacks here. Raises Unavailable."""
        now = clock.utc_now()
        until = (now - SEALED_AFTER).replace(second=0, microsecond=0)
        async with self._database.connection() as conn:
            start = await store.get_start(conn, source.name) or until - FIRST_LOOK_BACK
        start = max(start, until - GIVE_UP_AFTER)
        theirs, ours = await self._count(source, start, until)
        async with self._database.connection() as conn:
            aside = await store.count_set_aside(conn, self._consumer, source.types, start)
        differing = {
            minute: theirs.get(minute, NOTHING)[0] - ours.get(minute, NOTHING)[0]
            for minute in sorted(theirs.keys() | ours.keys())
            if theirs.get(minute, NOTHING) != ours.get(minute, NOTHING)
        }
        # A dead letter is accounted for: sent again, it would only be set aside again.
        gaps = {minute: lacks for minute, lacks in differing.items() if not 0 < lacks <= aside.get(minute, 0)}
        expected = sum(count for count, _ in theirs.values())
        missing = sum(max(0, count) for count in gaps.values())
        telemetry.COMPLETENESS.labels(source.name).set(1 - missing / expected if expected else 1.0)
        telemetry.COMPLETENESS_MADE.labels(source.name).set(now.timestamp())
        async with self._database.transaction() as conn:
            await store.keep(conn, source.name, until, gaps)
        if gaps:
            log.warning("reconciler.gaps", source=source.name, minutes=len(gaps), missing=missing)
            await self._close(source, [minute for minute in gaps if minute in theirs])
        return gaps

    async def _close(self, source: Source, minutes: list[datetime]) -> None:
        """Asks for the newest first: gaps that republishing cannot close are old and must not block the others."""
        async with self._database.transaction() as conn:
            if not await freshness.is_fresh(conn, FRESH_WITHIN):
                return
            asked = await store.add_tries(conn, source.name, minutes, max_tries=MAX_TRIES, most=MAX_RESENT)
        if asked:
            await source.resend(asked)

    async def _count(self, source: Source, start: datetime, until: datetime) -> tuple[Minutes, Minutes]:
        theirs: Minutes = {}
        ours: Minutes = {}
        while start < until:
            end = min(until, start + MAX_CALL_SPAN)
            theirs |= await source.theirs(start, end)
            async with self._database.connection() as conn:
                ours |= await source.ours(conn, start, end)
            start = end
        return theirs, ours


async def _outcome(comparing: Awaitable[object]) -> Exception | None:
    try:
        await comparing
    except Exception as failure:
        return failure
    return None
