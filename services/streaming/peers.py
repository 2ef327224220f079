"""The services that streaming calls."""

from collections.abc import Sequence
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2 as pb
from soundstage.catalog.v1.tracks_pb2_grpc import TracksServiceStub
from soundstage.common.v1.common_pb2 import Ref

from chassis.client import Channel, call
from chassis.principal import SERVICE
from services.streaming import events


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = TracksServiceStub(channel.grpc)

    async def list_states(self, track_ids: Sequence[UUID]) -> list[events.Track]:
        """Catalog away: Unavailable."""
        request = pb.ListTrackStatesRequest(tracks=[Ref(id=str(track_id)) for track_id in track_ids])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE)
        return [events.track(state) for state in answer.tracks]
