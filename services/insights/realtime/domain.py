"""The last 24 hours of a track, for its owner and admins."""

from datetime import timedelta

from chassis import clock
from chassis.ids import Ref
from chassis.postgres import Database
from chassis.principal import Principal
from services.insights.freshness import domain as freshness
from services.insights.realtime import store
from services.insights.realtime.now import Realtime
from services.insights.tracks.domain import Tracks

ACTIVE = timedelta(minutes=5)
MINUTES = 60
DAY_MINUTES = 24 * 60
MAX_RECENT = 20


class RealtimePlays:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def get_track_realtime(self, caller: Principal, ref: Ref) -> Realtime:
        """Raises NotFound, Forbidden, Unavailable."""
        track = await self._tracks.require_owner(caller, ref)
        now = clock.utc_now()
        this_minute = now.replace(second=0, microsecond=0)
        async with self._database.connection() as conn:
            as_of = await freshness.as_of(conn, now)
            active = await store.count_active(conn, track.id, now - ACTIVE)
            first = this_minute - timedelta(minutes=DAY_MINUTES - 1)
            minutes = await store.list_minutes(conn, track.id, first, this_minute)
            recent = await store.list_recent(conn, track.id, MAX_RECENT)
        hour = [this_minute - timedelta(minutes=n) for n in range(MINUTES - 1, -1, -1)]
        per_minute = [minutes.get(minute, 0) for minute in hour]
        return Realtime(as_of, active, sum(minutes.values()), hour[0], per_minute, recent)
