"""The events catalog consumes. All of it is state: applied by version or by a condition, so in any order."""

from soundstage.auth.v1.accounts_pb2 import AccountState

from chassis.events import Record
from services.catalog.listings.domain import Listings
from services.catalog.peers import (
    account_of,
    failed_recording_of,
    playlist_id_of,
    recording_of,
    sold_of,
    total_of,
    track_id_of,
)
from services.catalog.people.domain import People
from services.catalog.people.person import Account
from services.catalog.playlists.domain import Playlists
from services.catalog.totals.domain import Totals
from services.catalog.tracks.domain import Tracks

ACCOUNTS = "soundstage.accounts.v1"
CATALOG = "soundstage.catalog.v1"
TOTALS = "soundstage.totals.v1"


class Copies:
    """Copies accounts, totals and sold products into Postgres."""

    GROUP = "catalog-copies"
    TOPICS = (ACCOUNTS, TOTALS, "soundstage.market.v1")

    def __init__(self, people: People, totals: Totals, tracks: Tracks) -> None:
        self._people = people
        self._totals = totals
        self._tracks = tracks

    async def apply(self, record: Record) -> None:
        if record.topic == ACCOUNTS:
            await self._people.apply(_account(record))
        elif record.topic == TOTALS:
            await self._totals.apply(total_of(record))
        elif record.event.type == "ProductChanged":
            await self._tracks.apply_sold(*sold_of(record))


class Outcomes:
    """Applies to MongoDB what ends a track's processing, a track, or its place in playlists."""

    GROUP = "catalog-tracks"
    TOPICS = ("soundstage.recordings.v1", ACCOUNTS, CATALOG)

    def __init__(self, tracks: Tracks, playlists: Playlists) -> None:
        self._tracks = tracks
        self._playlists = playlists

    async def apply(self, record: Record) -> None:
        kind = record.event.type
        if kind == "RecordingReady":
            await self._tracks.complete(recording_of(record))
        elif kind == "RecordingFailed":
            await self._tracks.fail(*failed_recording_of(record))
        elif kind == "AccountRemoved":
            await self._tracks.remove_of_owner(_account(record).id)
            await self._playlists.forget_account(_account(record).id)
        elif kind == "TrackRemoved":
            await self._playlists.forget_track(track_id_of(record))


class Rows:
    """Brings the rows of listings up to date from catalog's own events."""

    GROUP = "catalog-search"
    TOPICS = (CATALOG,)

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    async def apply(self, record: Record) -> None:
        if record.event.type.startswith("Track"):
            await self._listings.refresh_tracks([track_id_of(record)])
        elif record.event.type.startswith("Playlist"):
            await self._listings.refresh_playlists([playlist_id_of(record)])


def _account(record: Record) -> Account:
    return account_of(AccountState.FromString(record.event.payload))
