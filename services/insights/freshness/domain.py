"""Freshness: where Kafka ended at a moment that the counting consumer has passed since."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from chassis import clock
from chassis.postgres import Connection, Database
from services.insights.freshness import store

# Anything accepted longer ago than this has left the owner's outbox.
RELAYED = timedelta(seconds=2)
MAX_NOTES = 900

Places = Mapping[tuple[str, int], int]


class Freshness:
    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._notes: deque[tuple[datetime, Places]] = deque(maxlen=MAX_NOTES)

    async def note(self, noted_at: datetime, ends: Places) -> None:
        """Notes where the log ends now, and keeps the latest time whose log ends have been consumed."""
        self._notes.append((noted_at, ends))
        async with self._database.transaction() as conn:
            places = await store.get_places(conn, self._consumer)
            if passed := [at for at, ends in self._notes if _is_passed(ends, places)]:
                await store.keep_passed(conn, passed[-1])
        while passed and self._notes[0][0] < passed[-1]:
            self._notes.popleft()


async def as_of(conn: Connection, now: datetime) -> datetime:
    """Every play and like accepted before this time is counted. Now, if no `work` process has ever looked."""
    passed_at = await store.get_passed(conn)
    return min(now, passed_at - RELAYED) if passed_at else now


async def is_fresh(conn: Connection, within: timedelta) -> bool:
    passed_at = await store.get_passed(conn)
    return passed_at is not None and passed_at > clock.utc_now() - within


def _is_passed(ends: Places, places: Places) -> bool:
    return all(not end or places.get(partition, 0) >= end for partition, end in ends.items())
