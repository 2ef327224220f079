"""What catalog learns from events. All of it is state: applied by version or by a condition, so in any order."""

from chassis.events import Record
from services.catalog import events
from services.catalog.people.domain import People
from services.catalog.playlists.domain import Playlists
from services.catalog.search.domain import Search
from services.catalog.tracks.domain import Tracks


class Copies:
    """Accounts, totals and sold products, into Postgres."""

    GROUP = "catalog-copies"
    TOPICS = (events.ACCOUNTS, events.TOTALS, events.MARKET)

    def __init__(self, people: People, tracks: Tracks) -> None:
        self._people = people
        self._tracks = tracks

    async def apply(self, record: Record) -> None:
        if record.topic == events.ACCOUNTS:
            await self._people.apply(events.account(record))
        elif record.topic == events.TOTALS:
            await self._people.apply_totals(events.totals(record))
        elif record.event.type == "ProductChanged":
            await self._tracks.apply_sold(*events.sold(record))


class Outcomes:
    """What ends a track's waiting, or the life of a track or of its place in playlists, into MongoDB."""

    GROUP = "catalog-tracks"
    TOPICS = (events.RECORDINGS, events.ACCOUNTS, events.CATALOG.name)

    def __init__(self, tracks: Tracks, playlists: Playlists) -> None:
        self._tracks = tracks
        self._playlists = playlists

    async def apply(self, record: Record) -> None:
        kind = record.event.type
        if kind == "RecordingReady":
            await self._tracks.complete(events.recording_ready(record))
        elif kind == "RecordingFailed":
            await self._tracks.fail(*events.recording_failed(record))
        elif kind == "AccountRemoved":
            await self._tracks.remove_of_owner(events.account(record).id)
            await self._playlists.forget_account(events.account(record).id)
        elif kind == "TrackRemoved":
            await self._playlists.forget_track(events.track_id(record))


class Rows:
    """Catalog's own events, into search rows."""

    GROUP = "catalog-search"
    TOPICS = (events.CATALOG.name,)

    def __init__(self, search: Search) -> None:
        self._search = search

    async def apply(self, record: Record) -> None:
        if record.event.type.startswith("Track"):
            await self._search.refresh_ids([events.track_id(record)])
        elif record.event.type.startswith("Playlist"):
            await self._search.refresh_playlist_ids([events.playlist_id(record)])
