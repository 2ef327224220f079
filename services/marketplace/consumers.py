"""What marketplace takes from others: the state of tracks. Idempotent by version."""

from soundstage.catalog.v1 import tracks_pb2

from chassis.events import Record
from chassis.postgres import Database
from services.marketplace import events
from services.marketplace.tracks import domain

GROUP = "marketplace"
TOPICS = ["soundstage.catalog.v1"]
TRACK_EVENTS = {"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"}


class TrackStates:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def take(self, record: Record) -> None:
        event = record.event
        if event.type in TRACK_EVENTS:
            await domain.keep(self._db, events.track_of(tracks_pb2.TrackState.FromString(event.payload)))
