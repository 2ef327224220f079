"""Who may play a stream now."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from chassis import clock
from chassis.errors import NotFound
from chassis.postgres import Database
from chassis.principal import Principal
from services.streaming.events import Track
from services.streaming.recordings.ffmpeg import TS_PLAYLIST
from services.streaming.recordings.recording import folder
from services.streaming.streams import store

NO_STANDS_SECONDS = 1.0
MAX_KEPT = 10_000


@dataclass(frozen=True)
class Opened:
    folder: str
    playlist: str


class Streams:
    """`ask` is catalog's answer for some tracks: the states it knows."""

    def __init__(self, db: Database, ask: Callable[[list[UUID]], Awaitable[list[Track]]]) -> None:
        self._db = db
        self._ask = ask
        self._noes: dict[UUID, float] = {}

    async def open(self, caller: Principal, stream_id: UUID) -> Opened:
        """NotFound for what the caller may not know of. Catalog away: what the copy allows still plays."""
        stream = await self._get(stream_id)
        if stream is None or not stream.is_ready:
            raise NotFound()
        if not may_play(caller, stream) and await self._refresh(stream):
            stream = await self._get(stream_id)
        if stream is None or not may_play(caller, stream):
            raise NotFound()
        return Opened(folder(stream_id), TS_PLAYLIST)

    async def _get(self, stream_id: UUID) -> store.Stream | None:
        async with self._db.connection() as conn:
            return await store.get(conn, stream_id)

    async def _refresh(self, stream: store.Stream) -> bool:
        """The owner of the track is asked before we say no, and its no stands for a second."""
        if self._noes.get(stream.track_id, 0.0) > monotonic():
            return False
        found = await self._ask([stream.track_id])
        if len(self._noes) >= MAX_KEPT:
            self._noes.clear()
        self._noes[stream.track_id] = monotonic() + NO_STANDS_SECONDS
        async with self._db.transaction() as conn:
            for track in found:
                await store.keep(conn, track)
        return bool(found)


def may_play(caller: Principal, stream: store.Stream) -> bool:
    """An owner plays what is private; everyone plays what is public from its release date on."""
    if not stream.is_open:
        return False
    if caller.is_admin or caller.is_(stream.owner_id):
        return True
    return stream.is_public and stream.published_at is not None and stream.published_at <= clock.utc_now()
