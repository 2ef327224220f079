"""The events streaming consumes. Each may come twice or before another."""

from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis.events import Record
from services.streaming.peers import original_of, track_of
from services.streaming.recordings.domain import Recordings

TRACK_TYPES = frozenset({"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"})


class Copies:
    """Applies states of tracks, and marketplace's decisions on originals."""

    GROUP = "streaming"
    TOPICS = ("soundstage.catalog.v1", "soundstage.market.v1")

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    async def apply(self, record: Record) -> None:
        event = record.event
        if event.type in TRACK_TYPES:
            await self._recordings.apply_track(track_of(TrackState.FromString(event.payload)))
        elif event.type == "OriginalKept":
            await self._recordings.keep_original(original_of(event.payload))
        elif event.type == "OriginalReleased":
            await self._recordings.release_original(original_of(event.payload))
