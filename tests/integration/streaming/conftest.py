"""The streaming service on real stores: a database of its own, objects in a folder, real ffmpeg."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from chassis.ids import new_id
from chassis.postgres import Database
from chassis.principal import Kind, Principal
from services.streaming.artwork.domain import Artwork
from services.streaming.media.transcode import Budget
from services.streaming.quotas.domain import Quotas
from services.streaming.recordings.domain import Recordings
from services.streaming.storage.objects import Objects
from services.streaming.storage.spool import Spool
from services.streaming.sweeper import Sweeper
from services.streaming.tracks.track import Track
from services.streaming.transcoding.processing import Processing
from services.streaming.uploads.domain import Uploads
from services.streaming.uploads.upload import Limits, Received
from tests.support import audio
from tests.support.waiting import until

CHUNK = 64 * 1024
FILE_BYTES, QUOTA_BYTES = 3_000_000, 5_000_000
SPOOL_BYTES, SECONDS_A_DAY = 100_000_000, 3600


async def chunks_of(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), CHUNK):
        yield content[at : at + CHUNK]


class Streaming:
    """The parts of the service, and the few moves that tests repeat."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.stored = url, folder / "objects"
        self.database = database = Database(url)
        self.objects = Objects(self.stored.as_uri())
        self.spool = Spool(folder / "spool", SPOOL_BYTES)
        limits, quotas = Limits(FILE_BYTES, 60.0, 3600), Quotas(QUOTA_BYTES, SECONDS_A_DAY)
        self.quotas = quotas
        self.uploads = Uploads(database, self.objects, self.spool, quotas, ffmpeg=audio.ffmpeg(), limits=limits)
        self.recordings, self.artwork = Recordings(database), Artwork(database, self.objects, self.spool)
        self.sweeper = Sweeper(database, self.objects, upload_age_seconds=0.0, trackless_age_seconds=3600.0)
        self.owner = Principal(Kind.USER, new_id(), 7)

    def processing(self) -> Processing:
        parts = (self.database, self.objects, self.spool, self.artwork)
        return Processing(*parts, ffmpeg=audio.ffmpeg(), workers=1, budget=Budget())

    async def receive(self, file: Path, declared_bytes: int = 0) -> Received:
        return await self.uploads.receive(self.owner, declared_bytes, chunks_of(file.read_bytes()))

    def track(self, recording_id: UUID, version: int = 1, **other: object) -> Track:
        values: dict[str, object] = {
            "id": new_id(),
            "owner_id": self.owner.user_id,
            "recording_id": recording_id,
            "is_public": True,
            "is_processing": version == 1,
            "is_completed": version > 1,
            "is_removed": False,
            "published_at": None,
            "version": version,
        }
        return Track(**values | other)  # type: ignore[arg-type]

    def names(self) -> list[str]:
        """All objects, and all files on their way but the spool's lock."""
        spool = [p for p in self.spool.folder.rglob("*") if p.name != "lock"]
        assert not spool, spool
        return sorted(str(p.relative_to(self.stored)) for p in self.stored.rglob("*") if p.is_file())

    async def fetch(self, query: str, *values: object) -> list[dict[str, object]]:
        async with self.database.connection() as conn:
            return [dict(row) for row in await conn.fetch(query, *values)]


async def until_row(streaming: Streaming, query: str) -> None:
    """Waits for the query to answer a row."""

    async def has_row() -> bool:
        return bool(await streaming.fetch(query))

    await until(has_row)


@pytest.fixture
async def streaming(new_database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Streaming]:
    made = Streaming(await new_database("streaming"), tmp_path)
    yield made
    made.spool.close()
    await made.database.close()
