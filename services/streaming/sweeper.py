"""Housekeeping of the work role: uploads that broke off, recordings that never got a track, objects nobody needs."""

from chassis import telemetry
from chassis.postgres import Database
from services.streaming import jobs
from services.streaming.recordings import store
from services.streaming.recordings.recording import folder, original_object
from services.streaming.storage import deletions
from services.streaming.storage.objects import Objects
from services.streaming.uploads import store as uploads

log = telemetry.logger(__name__)


class Sweeper:
    def __init__(
        self, database: Database, objects: Objects, *, upload_age_seconds: float, trackless_age_seconds: float
    ) -> None:
        self._database, self._objects = database, objects
        self._upload_age_seconds, self._trackless_age_seconds = upload_age_seconds, trackless_age_seconds

    async def sweep(self) -> None:
        await self._expire()
        await self._delete()

    async def _expire(self) -> None:
        async with self._database.transaction() as conn:
            left = await uploads.take_abandoned(conn, self._upload_age_seconds)
            trackless = await store.list_without_track(conn, self._trackless_age_seconds)
            for recording_id in trackless:
                await store.remove(conn, recording_id)
            for recording_id in [*left, *trackless]:
                await deletions.add(conn, folder(recording_id))
                await deletions.add(conn, original_object(recording_id))
            waiting, oldest_seconds = await jobs.waiting(conn)
        telemetry.JOBS_WAITING.labels("transcode").set(waiting)
        telemetry.JOBS_OLDEST_SECONDS.labels("transcode").set(oldest_seconds)

    async def _delete(self) -> None:
        """Objects first, then the row: after a crash in between, the deletion is repeated."""
        async with self._database.connection() as conn:
            prefixes = await deletions.list_due(conn)
        for prefix in prefixes:
            count = await self._objects.delete(prefix)
            async with self._database.connection() as conn:
                await deletions.forget(conn, prefix)
            log.info("objects.deleted", prefix=prefix, count=count)
