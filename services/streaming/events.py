"""The events streaming publishes: each a pure function of a row."""

from uuid import UUID

from soundstage.streaming.v1 import events_pb2 as pb

from chassis.events import Event, Topic
from services.streaming.recordings.recording import Outcome

RECORDINGS = Topic("soundstage.recordings.v1")
TOPICS = [RECORDINGS, Topic("soundstage.dead.streaming.v1", partitions=1)]


def recording_ready(recording_id: UUID, track_id: UUID, outcome: Outcome) -> Event:
    message = pb.RecordingReady(
        recording_id=str(recording_id),
        track_id=str(track_id),
        duration_ms=outcome.duration_ms,
        integrated_lufs=outcome.loudness.integrated_lufs,
        range_lu=outcome.loudness.range_lu,
        true_peak_dbtp=outcome.loudness.true_peak_dbtp,
        progressive_object=outcome.progressive_object,
        cover_object=outcome.cover_object or "",
    )
    message.ready_at.FromDatetime(outcome.ready_at)
    return Event.of(RECORDINGS.name, str(recording_id), message, type="RecordingReady")


def recording_failed(recording_id: UUID, track_id: UUID, reason: str) -> Event:
    message = pb.RecordingFailed(recording_id=str(recording_id), track_id=str(track_id), reason=reason)
    return Event.of(RECORDINGS.name, str(recording_id), message, type="RecordingFailed")
