"""Figures of a subject: who may see them, over which window, and what they mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.insights.figures import store
from services.insights.figures.figure import (
    Charts,
    Device,
    PeriodFigures,
    Stats,
    Subject,
    Sums,
    Window,
    change,
    percent,
    retention,
)
from services.insights.freshness import domain as freshness
from services.insights.tracks.domain import Tracks

MAX_DEVICES = 10


class Figures:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def get_stats(self, caller: Principal, subject: Subject) -> Stats:
        """All-time totals of a subject that `caller` may see. Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_open(caller, subject.track)
        async with self._database.connection() as conn:
            return await store.get_stats(conn, track.id)

    async def get_figures(self, caller: Principal, subject: Subject, days: int) -> PeriodFigures:
        """For the owner and admins. Raises Invalid, NotFound, Forbidden, Unavailable."""
        now = clock.utc_now()
        window = Window.ending(now, days)
        track = await self._tracks.require_owner(caller, subject.track)
        async with self._snapshot() as conn:
            return await _figures(conn, track.id, window, now)

    async def get_charts(self, caller: Principal, subject: Subject, days: int) -> tuple[UUID, Charts]:
        """The subject's id and one point a day. For the owner and admins. Raises as `get_figures`."""
        now = clock.utc_now()
        window = Window.ending(now, days)
        track = await self._tracks.require_owner(caller, subject.track)
        async with self._snapshot() as conn:
            return track.id, await _charts(conn, track.id, window, now)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        """One snapshot for several queries, so that their figures agree."""
        async with (
            self._database.connection() as conn,
            conn.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield conn


async def _figures(conn: Connection, track_id: UUID, window: Window, now: datetime) -> PeriodFigures:
    sums = Sums.total([day.sums for day in await store.list_days(conn, track_id, window)])
    before = Sums.total([day.sums for day in await store.list_days(conn, track_id, window.before)])
    listeners = await store.count_listeners(conn, track_id, window)
    listeners_before = await store.count_listeners(conn, track_id, window.before)
    return PeriodFigures(
        await store.get_stats(conn, track_id),
        window,
        sums,
        listeners,
        change(sums.plays, before.plays),
        change(listeners.distinct, listeners_before.distinct),
        await freshness.as_of(conn, now),
    )


async def _charts(conn: Connection, track_id: UUID, window: Window, now: datetime) -> Charts:
    days = await store.list_days(conn, track_id, window)
    sums = Sums.total([day.sums for day in days])
    devices = await store.list_devices(conn, track_id, window, MAX_DEVICES)
    return Charts(
        await store.get_stats(conn, track_id),
        window,
        sums,
        await store.count_listeners(conn, track_id, window),
        days,
        retention(await store.list_positions(conn, track_id, window)),
        [Device(name, plays, percent(plays, sums.plays) or 0.0) for name, plays in devices],
        await freshness.as_of(conn, now),
    )
