"""The service that marketplace calls, and what its states mean here, whether they come by call or by event."""

from collections.abc import Collection
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2, tracks_pb2_grpc
from soundstage.common.v1 import common_pb2

from chassis import principal
from chassis.client import Channel, call
from chassis.config import Tls
from chassis.ids import parse
from services.marketplace.tracks.track import Track


class Catalog:
    def __init__(self, address: str, tls: Tls | None = None) -> None:
        self._channel = Channel(address, tracks_pb2.DESCRIPTOR.services_by_name["TracksService"], tls=tls)
        self._tracks = tracks_pb2_grpc.TracksServiceStub(self._channel.grpc)

    async def close(self) -> None:
        await self._channel.close()

    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""
        request = tracks_pb2.ListTrackStatesRequest(tracks=[common_pb2.Ref(id=str(id)) for id in ids])
        answer = await call(self._tracks.ListStates, request, caller=principal.SERVICE)
        return [track_of(state) for state in answer.tracks]


def track_of(state: tracks_pb2.TrackState) -> Track:
    """Raises Invalid when the state names no track, owner or recording."""
    return Track(
        id=parse(state.id),
        owner_id=parse(state.owner_id, field="owner_id"),
        recording_id=parse(state.recording_id, field="recording_id"),
        title=state.title,
        format=state.format,
        is_completed=state.status == tracks_pb2.TRACK_STATUS_COMPLETED,
        is_failed=state.status == tracks_pb2.TRACK_STATUS_FAILED,
        is_removed=state.is_removed,
        version=state.version,
    )
