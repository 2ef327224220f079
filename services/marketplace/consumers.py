"""The events marketplace consumes: states of tracks, applied by version."""

from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis.events import Record
from services.marketplace.peers import track_of
from services.marketplace.tracks.domain import Tracks

TRACK_TYPES = frozenset({"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"})


class Copies:
    GROUP = "marketplace"
    TOPICS = ("soundstage.catalog.v1",)

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks

    async def apply(self, record: Record) -> None:
        event = record.event
        if event.type in TRACK_TYPES:
            await self._tracks.apply(track_of(TrackState.FromString(event.payload)))
