"""Covers: what a file brought along becomes squares in the sizes that clients know, made once and never changed."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from chassis import telemetry
from chassis.postgres import Database
from services.streaming.artwork import store
from services.streaming.media import sandbox
from services.streaming.recordings import store as recordings
from services.streaming.recordings.recording import Recording, State, folder
from services.streaming.storage import deletions
from services.streaming.storage.objects import Objects
from services.streaming.storage.spool import Spool

log = telemetry.logger(__name__)

MIB = 1024 * 1024
# CPU time is the real limit; the clock only ends a process that hangs, so a busy machine costs no cover.
LIMITS = sandbox.Limits(cpu_seconds=20, wall_seconds=300, memory_bytes=1024 * MIB, file_bytes=4 * MIB)
SCRIPT = Path(__file__).with_name("squares.py")
# Stands for all sizes; the others are beside it.
LARGEST = "cover-1000x1000.jpg"
FIRST = UUID(int=0)


class Artwork:
    def __init__(self, database: Database, objects: Objects, spool: Spool) -> None:
        self._database, self._objects, self._spool = database, objects, spool

    async def make(self, recording: Recording, into: Path) -> str | None:
        """The name of its cover once the files in `into` are stored; None if it has none that can be shown.

        Raises Unavailable if the store is down.
        """
        if recording.cover_object is None:
            return None
        with TemporaryDirectory(dir=self._spool.folder) as scratch:
            source = Path(scratch) / "cover"
            try:
                await self._objects.fetch(recording.cover_object, source)
            except FileNotFoundError:
                return None
            return f"{folder(recording.id)}/{LARGEST}" if await _draw(source, into) else None

    async def make_all(self) -> int:
        """Resizes the covers of recordings older than sizes and counts them; may be interrupted and run again.

        Raises Unavailable if a store is down.
        """
        count, last = 0, FIRST
        while recording := await self._next(last):
            await self._remake(recording)
            count, last = count + 1, recording.id
        return count

    async def _next(self, after_id: UUID) -> Recording | None:
        async with self._database.connection() as conn:
            found = await store.get_as_it_came(conn, after_id, LARGEST)
            return await recordings.get(conn, found) if found else None

    async def _remake(self, recording: Recording) -> None:
        assert recording.cover_object
        with TemporaryDirectory(dir=self._spool.folder) as made:
            cover = await self.make(recording, Path(made))
            await self._objects.put_folder(folder(recording.id), Path(made))
        async with self._database.transaction() as conn:
            if await store.replace(conn, recording.id, recording.cover_object, cover):
                await deletions.add(conn, recording.cover_object)
            elif (now := await recordings.get(conn, recording.id)) is None or now.state is State.REMOVED:
                await deletions.add(conn, folder(recording.id))


async def _draw(source: Path, into: Path) -> bool:
    argv = [sys.executable, "-I", str(SCRIPT), str(source), str(into)]
    try:
        status, _, complaint = await sandbox.output_of(argv, LIMITS, max_bytes=0)
    except TimeoutError:
        status, complaint = -1, b"too slow"
    if status != 0:
        log.info("artwork.refused", status=status, complaint=complaint[-500:].decode("utf-8", "replace"))
    return status == 0
