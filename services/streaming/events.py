"""Streaming's events, each a pure function of its row, and what streaming reads of the others'."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2 as catalog
from soundstage.marketplace.v1 import events_pb2 as marketplace
from soundstage.streaming.v1 import events_pb2 as pb

from chassis import ids
from chassis.errors import Invalid
from chassis.events import Event, Topic
from services.streaming.recordings.recording import Outcome

RECORDINGS = Topic("soundstage.recordings.v1")
TOPICS = [RECORDINGS, Topic("soundstage.dead.streaming.v1", partitions=1)]
CATALOG, MARKET = "soundstage.catalog.v1", "soundstage.market.v1"


@dataclass(frozen=True)
class Track:
    """What streaming copies of a track."""

    id: UUID
    owner_id: UUID
    recording_id: UUID
    is_public: bool
    is_processing: bool
    is_completed: bool
    is_removed: bool
    published_at: datetime | None
    version: int


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


def track(state: catalog.TrackState) -> Track:
    if not state.recording_id:
        raise Invalid("A track without a recording")
    return Track(
        id=ids.parse(state.id),
        owner_id=ids.parse(state.owner_id),
        recording_id=ids.parse(state.recording_id),
        is_public=state.is_public,
        is_processing=state.status == catalog.TRACK_STATUS_PROCESSING,
        is_completed=state.status == catalog.TRACK_STATUS_COMPLETED,
        is_removed=state.is_removed,
        published_at=state.published_at.ToDatetime(UTC) if state.HasField("published_at") else None,
        version=state.version,
    )


def read_track(payload: bytes) -> Track:
    return track(catalog.TrackState.FromString(payload))


def read_original(payload: bytes) -> UUID:
    """The recording of an OriginalKept or OriginalReleased; both have the same shape."""
    return ids.parse(marketplace.OriginalKept.FromString(payload).recording_id)
