"""What happens to a recording when its track comes and goes. Each use case is one transaction, and may come twice."""

from uuid import UUID

from chassis import telemetry
from chassis.errors import Forbidden, Invalid, NotFound
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.streaming import events, jobs
from services.streaming.recordings import store
from services.streaming.recordings.recording import Recording, State, folder, original_object
from services.streaming.storage import deletions
from services.streaming.tracks import store as tracks
from services.streaming.tracks.track import Track

EXPIRED = "The upload had expired before its track was made; please upload the file again."


class Recordings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_progress(self, caller: Principal, recording_id: UUID) -> Recording:
        async with self._database.connection() as conn:
            recording = await store.get(conn, recording_id)
        if recording is None or recording.state is State.REMOVED:
            raise NotFound()
        if not caller.is_admin and not caller.is_(recording.owner_id):
            raise Forbidden()
        return recording

    async def apply_track(self, track: Track) -> None:
        """Applies a state to the copy; starts the processing of a new track, deletes everything of a removed one."""
        async with self._database.transaction() as conn:
            await tracks.apply(conn, track)
            # From the event's state, not the copy's: a removal that overtook it has marked the recording.
            if track.is_removed:
                await remove(conn, track)
            elif track.is_processing:
                await self._attach(conn, track)

    async def keep_original(self, recording_id: UUID) -> None:
        async with self._database.transaction() as conn:
            await store.keep_original(conn, recording_id)

    async def release_original(self, recording_id: UUID) -> None:
        """Nothing needs the original any longer: the track is gone, even if we have not heard of that yet."""
        async with self._database.transaction() as conn:
            await discard_renditions(conn, recording_id)
            if await store.release_original(conn, recording_id):
                await deletions.add(conn, original_object(recording_id))

    async def _attach(self, conn: Connection, track: Track) -> None:
        recording = await store.lock(conn, track.recording_id)
        if recording is None or (recording.state is State.REMOVED and recording.track_id is None):
            await self._database.add_event(conn, events.recording_failed(track.recording_id, track.id, EXPIRED))
            return
        if recording.owner_id != track.owner_id:
            raise Invalid(f"Recording {recording.id} is not of the track's owner")
        if recording.track_id not in (None, track.id):
            raise Invalid(f"Recording {recording.id} belongs to another track")
        if recording.state is State.RECEIVED:
            await store.attach(conn, recording.id, track.id)
            await jobs.add(conn, recording.id, telemetry.traceparent())


async def remove(conn: Connection, track: Track) -> None:
    """Only for the right owner, and not if it belongs to another track."""
    recording = await store.lock(conn, track.recording_id)
    if recording is None or recording.owner_id != track.owner_id or recording.track_id not in (None, track.id):
        return
    await discard_renditions(conn, recording.id)


async def discard_renditions(conn: Connection, recording_id: UUID) -> None:
    if not await store.remove(conn, recording_id):
        return
    # A worker that is still writing cleans up after itself; the second look is for one that dies while doing so.
    was_working = await jobs.cancel(conn, recording_id)
    await deletions.add(conn, folder(recording_id), 2 * jobs.LEASE_SECONDS if was_working else 0)
