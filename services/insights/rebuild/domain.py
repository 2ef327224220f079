"""A rebuild: everything counted anew from the owners' rows, compared with the live tables, and swapped with them.

First the topics' ends are noted, then the owners' rows exported, so that a play is in one of the two at least; being
counted twice is what the play's row prevents. What the log got since the noted ends is consumed as the live consumer
does, up to where that one stands while it is held.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol, TypeVar

from chassis import clock, telemetry
from chassis.errors import Conflict, Unavailable
from chassis.events import Record
from chassis.postgres import Connection, Database
from services.insights.plays.play import Play
from services.insights.plays.store import MINUTES_KEPT
from services.insights.rebuild import store
from services.insights.tracks import store as tracks
from services.insights.tracks.track import Track

Item = TypeVar("Item")
Places = dict[tuple[str, int], int]

MAX_FAILURES = 5
BACKOFF_SECONDS = 1.0
COPY_BATCH = 10_000
# An owner's outbox empties within seconds; a play that the live tables lack for longer is lost.
UNDERWAY = timedelta(minutes=10)
MINUTES_COMPARED = timedelta(hours=24)

log = telemetry.logger(__name__)


class Owners(Protocol):
    """The sources of exported rows: in order, after the given one. Each may raise Unavailable midway."""

    def export_tracks(self, after: Track | None) -> AsyncIterator[Sequence[Track]]: ...

    def export_plays(self, after: Any) -> AsyncIterator[Sequence[Any]]: ...

    def export_likes(self, after: Any) -> AsyncIterator[Sequence[Any]]: ...

    def export_follows(self, after: Any) -> AsyncIterator[Sequence[Any]]: ...

    def export_reposts(self, after: Any) -> AsyncIterator[Sequence[Any]]: ...

    def export_playlist_likes(self, after: Any) -> AsyncIterator[Sequence[Any]]: ...


class OpenLog(Protocol):
    async def ends(self) -> Places: ...

    def between(self, first: Places, after: Places) -> AsyncIterator[list[Record]]: ...


class Counter(Protocol):
    """Counts as the live consumer does."""

    def plays(self, exported: Sequence[Any]) -> list[Play]: ...

    async def count_likes(self, conn: Connection, exported: Sequence[Any]) -> None: ...

    async def count_follows(self, conn: Connection, exported: Sequence[Any]) -> None: ...

    async def count_reposts(self, conn: Connection, exported: Sequence[Any]) -> None: ...

    async def count_playlist_likes(self, conn: Connection, exported: Sequence[Any]) -> None: ...

    async def apply_or_skip(self, conn: Connection, records: Sequence[Record]) -> None: ...


@dataclass(slots=True)
class Report:
    plays: int = 0
    likes: int = 0
    follows: int = 0
    reposts: int = 0
    playlist_likes: int = 0
    tracks: int = 0
    # Until everything was counted, before live and rebuilt tables were compared.
    seconds: float = 0.0
    # By table, how many rows live and rebuilt do not share.
    differing: dict[str, int] = field(default_factory=dict)

    @property
    def states(self) -> int:
        return self.likes + self.follows + self.reposts + self.playlist_likes


@dataclass(frozen=True)
class Rebuild:
    """`shadow` is the same database, seen through the schema of the shadow tables; `make_tables` makes them there."""

    live: Database
    shadow: Database
    make_tables: Callable[[], Awaitable[None]]
    owners: Owners
    counter: Counter
    log: Any
    consumer: str
    patience_seconds: float = 60.0

    async def run(self, *, swaps: bool) -> Report:
        """Raises Conflict while another one runs, Unavailable if something it needs stays down."""
        report, started = Report(), monotonic()
        async with self._alone() as conn, self.log.opened() as opened:
            await store.make_shadow(conn)
            await self.make_tables()
            places = await opened.ends()
            await self._export(report)
            places = await self._catch_up(opened, places, await opened.ends())
            report.seconds = monotonic() - started
            await self._await_live(conn, places)
            await self._compare(conn, opened, places, report, swaps)
        return report

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        async with self.live.connection() as conn:
            if not await store.try_lock(conn):
                raise Conflict("Another rebuild is under way")
            try:
                yield conn
                await store.drop_shadow(conn)
            finally:
                await store.unlock(conn)

    async def _export(self, report: Report) -> None:
        report.tracks = await _each("tracks", self.owners.export_tracks, self._keep_tracks)
        report.plays = await _each("plays", self.owners.export_plays, self._keep_plays)
        async with self.shadow.transaction() as conn:
            await store.count_plays(conn, clock.utc_now() - MINUTES_KEPT)
        owners, counter = self.owners, self.counter
        report.likes = await _each("likes", owners.export_likes, self._counting(counter.count_likes))
        report.follows = await _each("follows", owners.export_follows, self._counting(counter.count_follows))
        report.reposts = await _each("reposts", owners.export_reposts, self._counting(counter.count_reposts))
        report.playlist_likes = await _each(
            "likes of playlists", owners.export_playlist_likes, self._counting(counter.count_playlist_likes)
        )
        log.info("rebuild.exported", plays=report.plays, states=report.states, tracks=report.tracks)

    async def _keep_tracks(self, batch: Sequence[Track]) -> None:
        async with self.shadow.transaction() as conn:
            await tracks.apply(conn, batch)

    async def _keep_plays(self, batch: Sequence[Any]) -> None:
        async with self.shadow.transaction() as conn:
            await store.add_plays(conn, self.counter.plays(batch))

    def _counting(
        self, count: Callable[[Connection, Sequence[Any]], Awaitable[None]]
    ) -> Callable[[Sequence[Any]], Awaitable[None]]:
        async def keep(batch: Sequence[Any]) -> None:
            async with self.shadow.transaction() as conn:
                await count(conn, batch)

        return keep

    async def _catch_up(self, opened: OpenLog, places: Places, ends: Places) -> Places:
        """Counts the records in between; returns the offsets reached."""
        async for records in opened.between(places, ends):
            async with self.shadow.transaction() as conn:
                await self.counter.apply_or_skip(conn, records)
        return {key: max(places.get(key, 0), ends.get(key, 0)) for key in places.keys() | ends.keys()}

    async def _await_live(self, conn: Connection, places: Places) -> None:
        """Waits until the live consumer has what we have, but not for ever: it may be what is broken."""
        deadline = monotonic() + self.patience_seconds
        while monotonic() < deadline:
            stands = await store.get_places(conn, self.consumer)
            is_behind = any(stands.get(key, 0) < place for key, place in places.items())
            if not is_behind and not await store.count_underway(conn, clock.utc_now() - UNDERWAY):
                return
            await asyncio.sleep(min(BACKOFF_SECONDS, self.patience_seconds / 10))
        log.warning("rebuild.live_is_behind", seconds=self.patience_seconds)

    async def _compare(self, conn: Connection, opened: OpenLog, places: Places, report: Report, swaps: bool) -> None:
        async with conn.transaction():
            await store.hold_live(conn)
            await self._catch_up(opened, places, await store.get_places(conn, self.consumer))
            await store.take_newer_tracks(conn)
            report.differing = await store.compare(conn, _compared_since(clock.utc_now()))
            if swaps:
                await store.swap(conn)


def _compared_since(now: datetime) -> datetime:
    return (now - MINUTES_COMPARED).replace(second=0, microsecond=0)


async def _each(
    what: str,
    export: Callable[[Any], AsyncIterator[Sequence[Item]]],
    keep: Callable[[Sequence[Item]], Awaitable[None]],
) -> int:
    """Stores everything exported, in larger batches, and resumes after the last stored row if the owner was down."""
    last, kept, failures = None, 0, 0
    while True:
        try:
            async for batch in _gathered(export(last)):
                await keep(batch)
                last, kept, failures = batch[-1], kept + len(batch), 0
            return kept
        except Unavailable as away:
            failures += 1
            if failures > MAX_FAILURES:
                raise Unavailable(f"The owner of {what} does not answer") from away
            await asyncio.sleep(BACKOFF_SECONDS)


async def _gathered(batches: AsyncIterator[Sequence[Item]]) -> AsyncIterator[list[Item]]:
    gathered: list[Item] = []
    async for batch in batches:
        gathered += batch
        if len(gathered) >= COPY_BATCH:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
