"""Takes a file as it arrives: counted against the quota before it lies anywhere, judged, kept, and only then a row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.postgres import Database
from chassis.principal import Principal
from services.streaming.media.probe import PROBES_AT_ONCE, Probe, Refused, probe
from services.streaming.quotas.domain import Quotas
from services.streaming.recordings import store as recordings
from services.streaming.recordings.recording import File, State, folder, original_object
from services.streaming.storage import deletions
from services.streaming.storage.objects import Objects
from services.streaming.storage.spool import Spool, Spooled
from services.streaming.uploads import store
from services.streaming.uploads.reservation import Reservation, prompt_transaction
from services.streaming.uploads.upload import Limits, Received, invalid


class Uploads:
    def __init__(
        self, database: Database, objects: Objects, spool: Spool, quotas: Quotas, *, ffmpeg: str, limits: Limits
    ) -> None:
        self._database, self._objects, self._spool, self._quotas = database, objects, spool, quotas
        self._ffmpeg, self._limits = ffmpeg, limits
        self._probing = asyncio.Semaphore(PROBES_AT_ONCE)

    async def receive(self, caller: Principal, declared_bytes: int, chunks: AsyncIterator[bytes]) -> Received:
        """`declared_bytes` is a lower bound of the file's size, 0 if unknown; it is reserved at once.

        Raises Invalid with the reason TOO_LARGE, QUOTA_EXCEEDED, UNSUPPORTED_MEDIA or INVALID.

        However else it ends, also if the client disconnects, no spool file, reservation or object is left.
        """
        owner_id, recording_id = caller.user_id, new_id()
        try:
            async with asyncio.timeout(self._limits.seconds), self._reserved(recording_id, owner_id) as reservation:
                with self._spool.opened() as spooled:
                    await self._take(spooled, reservation, declared_bytes, chunks)
                    return await self._keep(recording_id, owner_id, spooled)
        except TimeoutError as fault:
            raise invalid("The upload took too long") from fault
        except OSError as fault:
            raise Unavailable("There is no room for the file right now", retry_after_seconds=60) from fault

    async def withdraw(self, caller: Principal, recording_id: UUID) -> None:
        """Discards a recording of the caller that gets no track; one that has a track stays."""
        async with prompt_transaction(self._database) as conn:
            recording = await recordings.lock(conn, recording_id)
            if recording is None or recording.state is not State.RECEIVED or not caller.is_(recording.owner_id):
                return
            await recordings.remove(conn, recording_id)
            await deletions.add(conn, folder(recording_id))
            await deletions.add(conn, original_object(recording_id))

    @asynccontextmanager
    async def _reserved(self, recording_id: UUID, owner_id: UUID) -> AsyncIterator[Reservation]:
        reservation = Reservation(
            self._database,
            self._quotas,
            max_bytes=self._limits.file_bytes,
            upload_id=recording_id,
            owner_id=owner_id,
        )
        try:
            yield reservation
        except BaseException:
            # Database down: the sweeper finds the row by its age.
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
        if found.sound.seconds_of(spooled.bytes) > self._limits.recording_seconds:
            raise invalid(f"The recording is longer than {self._limits.recording_seconds // 60} minutes")
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
            raise invalid(str(refusal), "UNSUPPORTED_MEDIA" if refusal.is_unsupported else "") from None

    async def _commit(self, recording_id: UUID, owner_id: UUID, file: File, found: Probe, cover: str | None) -> None:
        """Turns the reservation into the recording, so that the bytes are never counted twice or not at all."""
        async with prompt_transaction(self._database) as conn:
            if not await store.release(conn, recording_id):
                raise invalid("The upload took too long")
            await self._quotas.check_sound(conn, owner_id, found.sound.seconds_of(file.size_bytes))
            await recordings.add(conn, recording_id, owner_id, file=file, sound=found.sound, cover_object=cover)

    async def _discard(self, recording_id: UUID) -> None:
        await self._objects.delete(original_object(recording_id))
        await self._objects.delete(folder(recording_id))
