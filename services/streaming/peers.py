"""The service that streaming calls, and what others' states and events mean here."""

from collections.abc import Collection
from datetime import UTC
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2
from soundstage.catalog.v1.tracks_pb2_grpc import TracksServiceStub
from soundstage.common.v1.common_pb2 import Ref
from soundstage.marketplace.v1.events_pb2 import OriginalKept

from chassis.client import Channel, call
from chassis.errors import Invalid
from chassis.ids import parse
from chassis.principal import SERVICE
from services.streaming.tracks.track import Track


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = TracksServiceStub(channel.grpc)

    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""
        request = tracks_pb2.ListTrackStatesRequest(tracks=[Ref(id=str(id)) for id in ids])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE)
        return [track_of(state) for state in answer.tracks]


def track_of(state: tracks_pb2.TrackState) -> Track:
    """Raises Invalid for a state without a recording."""
    if not state.recording_id:
        raise Invalid("A track without a recording")
    return Track(
        id=parse(state.id),
        owner_id=parse(state.owner_id),
        recording_id=parse(state.recording_id),
        is_public=state.is_public,
        is_processing=state.status == tracks_pb2.TRACK_STATUS_PROCESSING,
        is_completed=state.status == tracks_pb2.TRACK_STATUS_COMPLETED,
        is_removed=state.is_removed,
        published_at=state.published_at.ToDatetime(UTC) if state.HasField("published_at") else None,
        version=state.version,
    )


def original_of(payload: bytes) -> UUID:
    """The recording of an OriginalKept or OriginalReleased; both have the same shape."""
    return parse(OriginalKept.FromString(payload).recording_id)
