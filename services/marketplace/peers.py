"""Whom marketplace calls: catalog, before its copy of a track says no."""

from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2, tracks_pb2_grpc
from soundstage.common.v1 import common_pb2

from chassis import principal
from chassis.client import Channel, call
from services.marketplace import events
from services.marketplace.tracks.store import Track


class Catalog:
    def __init__(self, address: str) -> None:
        self._channel = Channel(address, tracks_pb2.DESCRIPTOR.services_by_name["TracksService"])
        self._tracks = tracks_pb2_grpc.TracksServiceStub(self._channel.grpc)

    async def close(self) -> None:
        await self._channel.close()

    async def list_states(self, track_ids: list[UUID]) -> list[Track]:
        """The tracks as they are now; unknown ones are left out."""
        request = tracks_pb2.ListTrackStatesRequest(tracks=[common_pb2.Ref(id=str(track_id)) for track_id in track_ids])
        answer = await call(self._tracks.ListStates, request, caller=principal.SERVICE)
        return [events.track_of(state) for state in answer.tracks]
