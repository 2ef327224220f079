"""Takes a file as it arrives: counted against the quota before it lies anywhere, judged, kept, and only then a row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldError, Invalid, Unavailable
from chassis.ids import new_id
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.streaming.recordings import jobs
from services.streaming.recordings import store as recordings
from services.streaming.recordings.objects import Objects
from services.streaming.recordings.probe import Probe, Refused, Tags, probe
from services.streaming.recordings.recording import File, State, folder, original_object
from services.streaming.uploads import store
from services.streaming.uploads.spool import Spool, Spooled

# Reserved in steps while nobody has said how long the file will be.
STEP_BYTES = 8 * 1024 * 1024
# Each takes two processes; who comes in a crowd waits.
PROBES_AT_ONCE = 4
# A file may take a quarter of an hour to arrive, and its call as long; a database that hangs is told of at once.
DATABASE_SECONDS = 4.0


@dataclass(frozen=True)
class Limits:
    file_bytes: int
    quota_bytes: int
    seconds: float


@dataclass(frozen=True)
class Received:
    recording_id: UUID
    sha256: bytes
    md5: bytes
    size_bytes: int
    format: str
    tags: Tags


def _invalid(message: str, reason: str = "") -> Invalid:
    return Invalid(message, reason=reason, fields=[FieldError("file", message)])


def cut_short() -> Invalid:
    return _invalid("The file did not arrive as a whole")


@asynccontextmanager
async def _prompt(db: Database) -> AsyncIterator[Connection]:
    """A transaction that is Unavailable also when the database just does not answer."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS), db.transaction() as conn:
            yield conn
    except TimeoutError as fault:
        raise Unavailable(retry_after_seconds=1) from fault


class Reservation:
    """The bytes that one upload holds of its owner's quota."""

    def __init__(self, db: Database, limits: Limits, upload_id: UUID, owner_id: UUID) -> None:
        self._db, self._limits, self._id, self._owner_id = db, limits, upload_id, owner_id
        self._bytes = 0

    async def hold(self, total_bytes: int) -> None:
        """Makes sure that `total_bytes` are held. Raises Invalid TOO_LARGE or QUOTA_EXCEEDED."""
        if total_bytes > self._limits.file_bytes:
            raise _invalid(f"The file is larger than {self._limits.file_bytes // 2**20} MiB", "TOO_LARGE")
        if total_bytes > self._bytes:
            await self._grow(total_bytes)

    async def _grow(self, total_bytes: int) -> None:
        async with _prompt(self._db) as conn:
            own_limit = await store.lock_owner(conn, self._owner_id)
            used = await store.count_bytes(conn, self._owner_id, self._id)
            free = (self._limits.quota_bytes if own_limit is None else own_limit) - used
            if total_bytes > free:
                raise _invalid("The upload quota is used up", "QUOTA_EXCEEDED")
            # A step ahead of what came, but never more than there is: the last file may fill the quota to the byte.
            grown = min(max(total_bytes, self._bytes + STEP_BYTES), free) if self._bytes else total_bytes
            await store.reserve(conn, self._id, self._owner_id, grown)
        self._bytes = grown

    async def release(self) -> None:
        async with _prompt(self._db) as conn:
            await store.release(conn, self._id)


class Uploads:
    def __init__(self, db: Database, objects: Objects, spool: Spool, *, ffmpeg: str, limits: Limits) -> None:
        self._db, self._objects, self._spool = db, objects, spool
        self._ffmpeg, self._limits = ffmpeg, limits
        self._probing = asyncio.Semaphore(PROBES_AT_ONCE)

    async def receive(self, caller: Principal, declared_bytes: int, chunks: AsyncIterator[bytes]) -> Received:
        """`declared_bytes` is what the file has at least, 0 when nobody said; it is reserved at once.

        Invalid for what cannot be taken, with the reason TOO_LARGE, QUOTA_EXCEEDED, UNSUPPORTED_MEDIA or INVALID.

        Whatever else ends it, a client that goes away too: neither spool nor reservation nor object stays.
        """
        owner_id, recording_id = caller.user_id, new_id()
        try:
            async with asyncio.timeout(self._limits.seconds), self._reserved(recording_id, owner_id) as reservation:
                with self._spool.opened() as spooled:
                    await self._take(spooled, reservation, declared_bytes, chunks)
                    return await self._keep(recording_id, owner_id, spooled)
        except TimeoutError as fault:
            raise _invalid("The upload took too long") from fault
        except OSError as fault:
            raise Unavailable("There is no room for the file right now", retry_after_seconds=60) from fault

    async def withdraw(self, caller: Principal, recording_id: UUID) -> None:
        """Gives up a recording of the caller that no track will be made of; one that has a track stays."""
        async with _prompt(self._db) as conn:
            recording = await recordings.lock(conn, recording_id)
            if recording is None or recording.state is not State.RECEIVED or not caller.is_(recording.owner_id):
                return
            await recordings.remove(conn, recording_id)
            await jobs.discard(conn, folder(recording_id))
            await jobs.discard(conn, original_object(recording_id))

    @asynccontextmanager
    async def _reserved(self, recording_id: UUID, owner_id: UUID) -> AsyncIterator[Reservation]:
        reservation = Reservation(self._db, self._limits, recording_id, owner_id)
        try:
            yield reservation
        except BaseException:
            # Database away: the sweeper finds the row by its age.
            await asyncio.shield(asyncio.gather(reservation.release(), return_exceptions=True))
            raise

    async def _take(
        self, spooled: Spooled, reservation: Reservation, declared_bytes: int, chunks: AsyncIterator[bytes]
    ) -> None:
        await reservation.hold(max(0, declared_bytes))
        async for chunk in chunks:
            await reservation.hold(spooled.bytes + len(chunk))
            await asyncio.to_thread(spooled.write, chunk)
        spooled.close()

    async def _keep(self, recording_id: UUID, owner_id: UUID, spooled: Spooled) -> Received:
        found = await self._probe(spooled)
        cover = f"{folder(recording_id)}/cover.{found.cover_suffix}" if found.cover_suffix else None
        try:
            await self._objects.put(original_object(recording_id), spooled.path)
            if cover:
                await self._objects.put(cover, spooled.cover)
            file = File(spooled.bytes, spooled.sha256, spooled.md5)
            await self._commit(recording_id, owner_id, file, found, cover)
        except BaseException:
            await asyncio.shield(asyncio.gather(self._discard(recording_id), return_exceptions=True))
            raise
        return Received(recording_id, file.sha256, file.md5, file.size_bytes, found.sound.format, found.tags)

    async def _probe(self, spooled: Spooled) -> Probe:
        try:
            async with self._probing:
                return await probe(spooled.path, spooled.cover, self._ffmpeg)
        except Refused as refusal:
            raise _invalid(str(refusal), "UNSUPPORTED_MEDIA" if refusal.is_unsupported else "") from None

    async def _commit(self, recording_id: UUID, owner_id: UUID, file: File, found: Probe, cover: str | None) -> None:
        """The reservation becomes the recording: at no moment are the bytes counted twice, or not at all."""
        async with _prompt(self._db) as conn:
            if not await store.release(conn, recording_id):
                raise _invalid("The upload took too long")
            await recordings.add(conn, recording_id, owner_id, file=file, sound=found.sound, cover_object=cover)

    async def _discard(self, recording_id: UUID) -> None:
        await self._objects.delete(original_object(recording_id))
        await self._objects.delete(folder(recording_id))
