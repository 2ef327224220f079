"""Who may play a stream now."""

from uuid import UUID

from chassis.errors import NotFound
from chassis.postgres import Database
from chassis.principal import Principal
from services.streaming.media.ffmpeg import TS_PLAYLIST
from services.streaming.recordings.recording import folder
from services.streaming.streams import store
from services.streaming.streams.stream import Opened, Stream
from services.streaming.tracks.domain import Tracks


class Streams:
    def __init__(self, database: Database, tracks: Tracks) -> None:
        self._database = database
        self._tracks = tracks

    async def open(self, caller: Principal, stream_id: UUID) -> Opened:
        """Raises NotFound for what the caller may not see. While catalog is down, what the copy allows still plays."""

        def refused(stream: Stream | None) -> list[UUID]:
            is_refused = stream and stream.is_ready and not stream.may_be_played_by(caller)
            return [stream.track_id] if stream and is_refused else []

        stream = await self._tracks.asked.read(lambda: self._get(stream_id), refused)
        if stream is None or not stream.is_ready or not stream.may_be_played_by(caller):
            raise NotFound()
        return Opened(folder(stream_id), TS_PLAYLIST)

    async def _get(self, stream_id: UUID) -> Stream | None:
        async with self._database.connection() as conn:
            return await store.get(conn, stream_id)
