"""The work role: takes jobs, one ffmpeg each, and writes their end with its event in one transaction."""

import asyncio
import math
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chassis import clock, telemetry
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.postgres import Database
from services.streaming import events, jobs
from services.streaming.artwork.domain import Artwork
from services.streaming.jobs import Job
from services.streaming.media import renditions
from services.streaming.media.probe import words_to_show
from services.streaming.media.transcode import Budget, Task, Transcoded, Undecodable, transcode
from services.streaming.recordings import store
from services.streaming.recordings.recording import Outcome, Recording, State, folder, original_object
from services.streaming.storage import deletions
from services.streaming.storage.objects import Objects
from services.streaming.storage.spool import Spool

log = telemetry.logger(__name__)

MAX_ATTEMPTS = 5
POLL_SECONDS = 0.5
AWAY_SECONDS = 2.0
BEAT_SECONDS = 1.0
# The rest is for writing to the store; 100 means ready.
ENCODED_PERCENT, WRITTEN_PERCENT = 90, 99
GAVE_UP = "The file could not be processed after several attempts."


class Lost(Exception):
    """The job is no longer ours: the track was removed, or our lease had ended."""


class _Progress:
    """Set by the work, read by the heartbeat, so that the rate of writes does not depend on the rate of updates."""

    percent = 0

    def encoded(self, percent: int) -> None:
        self.percent = max(self.percent, percent * ENCODED_PERCENT // 100)

    def written(self, share: float) -> None:
        self.percent = max(self.percent, ENCODED_PERCENT + int(share * (WRITTEN_PERCENT - ENCODED_PERCENT)))


class Processing:
    """`run` transcodes up to `workers` recordings at a time, each in a folder of its own."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        spool: Spool,
        artwork: Artwork,
        *,
        ffmpeg: str,
        workers: int,
        budget: Budget,
    ) -> None:
        self._database, self._objects, self._spool, self._artwork = database, objects, spool, artwork
        self._ffmpeg, self._workers, self._budget = ffmpeg, workers, budget
        self._id = new_id()

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work(stop))
        # Here and not where a job is cancelled, which may be just as it was leased.
        with suppress(Unavailable):
            async with self._database.transaction() as conn:
                await jobs.give_back_all(conn, self._id)

    async def _work(self, stop: asyncio.Event) -> None:
        """On stop a job is dropped: shutdown leaves less time than most recordings take."""
        while not stop.is_set():
            try:
                idle = not await _unless(stop, self.work_once())
            except Unavailable as fault:
                log.warning("processing.interrupted", fault=repr(fault))
                idle = True
            if idle:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_SECONDS)

    async def work_once(self) -> bool:
        """Does one job, if there is one. Raises Unavailable if the database is down; the lease then expires."""
        async with self._database.transaction() as conn:
            job = await jobs.take(conn, self._id)
            recording = await store.get(conn, job.recording_id) if job else None
        if job is None or recording is None:
            return False
        with telemetry.span("transcode", parent=job.traceparent or None):
            await self._attempt(job, recording)
        return True

    async def _attempt(self, job: Job, recording: Recording) -> None:
        outcome = "ready"
        try:
            await self._finish(recording, await self._process(recording))
        except Lost:
            outcome = "lost"
            await self._clean(recording)
        except Undecodable as fault:
            outcome = "failed"
            await self._fail(recording, str(fault))
        except Unavailable:
            outcome = "retry"
            await self._give_back(recording, AWAY_SECONDS, is_counted=False)
        except Exception as fault:
            outcome = "retry"
            log.warning("processing.retry", recording=str(recording.id), attempt=job.attempts, fault=repr(fault))
            await self._again(job, recording)
        telemetry.JOBS.labels("transcode", outcome).inc()

    async def _process(self, recording: Recording) -> Outcome:
        progress = _Progress()
        seconds = min(recording.sound.seconds_of(recording.bytes) or math.inf, self._budget.max_seconds)
        needed = recording.bytes + int(seconds * renditions.MAX_BYTES_PER_SECOND)
        with self._spool.holding(needed), TemporaryDirectory(dir=self._spool.folder) as scratch:
            return await _while(self._beat(recording, progress), self._make(recording, Path(scratch), progress))

    async def _make(self, recording: Recording, scratch: Path, progress: _Progress) -> Outcome:
        source, made = scratch / "original", scratch / "made"
        made.mkdir()
        await self._objects.fetch(original_object(recording.id), source)
        words = await words_to_show(source, recording.sound.format, scratch / "cover")
        task = Task(source, recording.sound, made, progress.encoded, words)
        done = await transcode(task, self._ffmpeg, self._budget)
        cover = await self._artwork.make(recording, made)
        await self._objects.put_folder(folder(recording.id), made, progress.written)
        return _outcome(recording, done, cover, sum(file.stat().st_size for file in made.iterdir()))

    async def _beat(self, recording: Recording, progress: _Progress) -> None:
        """Ends only by raising: Lost if the job is no longer ours, Unavailable if its lease cannot be renewed.

        The database may be down for less than the lease.
        """
        last = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = asyncio.get_running_loop().time()
            try:
                async with self._database.transaction() as conn:
                    if not await jobs.renew(conn, recording.id, self._id):
                        raise Lost()
                    await store.set_percent(conn, recording.id, progress.percent)
                last = now
            except Unavailable:
                if now - last > jobs.LEASE_SECONDS:
                    raise

    async def _finish(self, recording: Recording, outcome: Outcome) -> None:
        async with self._database.transaction() as conn:
            if not await jobs.end(conn, recording.id, self._id):
                raise Lost()
            track_id = await store.finish(conn, recording.id, outcome)
            if track_id is None:
                raise Lost()
            if recording.cover_object:
                await deletions.add(conn, recording.cover_object)
            await self._database.add_event(conn, events.recording_ready(recording.id, track_id, outcome))
        log.info("recording.ready", recording=str(recording.id), milliseconds=outcome.duration_ms)

    async def _fail(self, recording: Recording, reason: str) -> None:
        async with self._database.transaction() as conn:
            if not await jobs.end(conn, recording.id, self._id):
                return
            if track_id := await store.fail(conn, recording.id, reason):
                await self._database.add_event(conn, events.recording_failed(recording.id, track_id, reason))
        log.info("recording.failed", recording=str(recording.id), reason=reason)

    async def _again(self, job: Job, recording: Recording) -> None:
        if job.attempts >= MAX_ATTEMPTS:
            return await self._fail(recording, GAVE_UP)
        return await self._give_back(recording, 2.0**job.attempts, is_counted=True)

    async def _give_back(self, recording: Recording, delay_seconds: float, *, is_counted: bool) -> None:
        # Database down: the lease expires by itself.
        with suppress(Unavailable):
            async with self._database.transaction() as conn:
                await jobs.retry(conn, recording.id, self._id, delay_seconds, is_counted=is_counted)

    async def _clean(self, recording: Recording) -> None:
        """Deletes what we wrote if the recording was removed; if another worker leased it, the files are its own."""
        async with self._database.connection() as conn:
            now = await store.get(conn, recording.id)
        if now is None or now.state is State.REMOVED:
            await self._objects.delete(folder(recording.id))


def _outcome(recording: Recording, done: Transcoded, cover: str | None, made_bytes: int) -> Outcome:
    progressive = f"{folder(recording.id)}/{done.progressive}"
    return Outcome(done.frames, done.sample_rate, done.loudness, progressive, cover, clock.utc_now(), made_bytes)


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _while(beat: Coroutine[Any, Any, None], work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The work's result; if the heartbeat raises, the work is cancelled and awaited."""
    beating, working = asyncio.create_task(beat), asyncio.create_task(work)
    try:
        await asyncio.wait((beating, working), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            beating.result()
        return working.result()
    finally:
        await _ended(beating, working)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, bool]) -> bool:
    """The work's result; on stop it is cancelled and awaited."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _ended(stopped, *([] if working.done() else [working]))
    return False if working.cancelled() else working.result()
