"""What other services' events do here. All of it may come twice or in another order."""

from chassis.events import Record
from services.streaming import events
from services.streaming.recordings.domain import Recordings

GROUP = "streaming"
TOPICS = (events.CATALOG, events.MARKET)
TRACK_TYPES = frozenset({"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"})


class Consumers:
    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    async def handle(self, record: Record) -> None:
        event = record.event
        if event.type in TRACK_TYPES:
            await self._recordings.apply_track(events.read_track(event.payload))
        elif event.type == "OriginalKept":
            await self._recordings.keep_original(events.read_original(event.payload))
        elif event.type == "OriginalReleased":
            await self._recordings.release_original(events.read_original(event.payload))
