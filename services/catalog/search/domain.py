"""Search rows are derived: kept up by whoever wrote a track, by the events of it, and by a rebuild from MongoDB."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis import telemetry
from chassis.errors import Conflict, FieldError, Invalid, Unavailable
from chassis.mongo import Mongo
from chassis.pages import Page
from chassis.postgres import Database
from services.catalog.playlists import store as playlists_store
from services.catalog.playlists.playlist import Playlist, Wanted
from services.catalog.search import counts, playlists, shadow, store
from services.catalog.search.words import Query
from services.catalog.tracks import store as tracks_store
from services.catalog.tracks.track import Filters, Order, Sort, Track

log = telemetry.logger(__name__)


class Search:
    def __init__(self, mongo: Mongo, database: Database) -> None:
        self._mongo = mongo
        self._database = database

    async def list_tracks(self, filters: Filters, own: UUID | None, order: Order, page: Page) -> tuple[list[UUID], int]:
        """Tracks that everyone may see and those of the account `own`, and how many there are."""
        async with self._database.connection() as conn:
            return await store.list_tracks(conn, filters, own, order, page)

    async def search_tracks(self, query: str, filters: Filters, order: Order, page: Page) -> tuple[list[UUID], int]:
        """Tracks that everyone may see, by relevance if words are given; without words a list. Raises Invalid."""
        _check(filters)
        asked = Query(query)
        async with self._database.connection() as conn:
            if asked.is_empty and not query.strip():
                return await store.list_tracks(conn, filters, None, _without_words(order), page)
            return ([], 0) if asked.is_empty else await store.search_tracks(conn, asked, filters, order, page)

    async def search_playlists(self, query: str, wanted: Wanted, page: Page) -> tuple[list[Playlist], int]:
        """By relevance if words are given, else the newest first. A row may be older than its document."""
        asked = Query(query)
        if asked.is_empty and query.strip():
            return [], 0
        async with self._database.connection() as conn:
            ids, total = await playlists.search(conn, None if asked.is_empty else asked, wanted, page)
        return await self._playlists(ids), total

    async def recommend_playlists(self, tenant: str, account_id: UUID, most: int) -> list[Playlist]:
        """Public playlists of others with a public track, the best for this account first."""
        async with self._database.connection() as conn:
            return await self._playlists(await playlists.recommend(conn, tenant, account_id, most))

    async def refresh(self, tracks: Sequence[Track]) -> None:
        """Brings the rows of these tracks up to date."""
        owners = [track.owner_id for track in tracks]
        async with self._database.transaction() as conn, counts.counted(conn, owners):
            await store.apply(conn, tracks)

    async def refresh_soon(self, track: Track) -> None:
        """As `refresh`, so that its writer finds what was just written; Postgres away: the track's event does it."""
        try:
            await self.refresh([track])
        except Unavailable as fault:
            log.warning("search.refresh_left_to_event", track_id=str(track.id), fault=repr(fault))

    async def refresh_playlist_soon(self, playlist: Playlist) -> None:
        """As `refresh_soon`, of a playlist."""
        try:
            await self._refresh_playlists([playlist])
        except Unavailable as fault:
            log.warning("search.refresh_left_to_event", playlist_id=str(playlist.id), fault=repr(fault))

    async def refresh_playlist_ids(self, ids: Collection[UUID]) -> None:
        """As `refresh_ids`, of playlists."""
        await self._refresh_playlists(await playlists_store.get_many(self._mongo, ids))

    async def refresh_ids(self, ids: Collection[UUID]) -> None:
        """An event says that these changed: MongoDB says how they are now."""
        await self.refresh(await tracks_store.get_many(self._mongo, ids))

    async def rebuild(self) -> int:
        """Makes all rows anew from MongoDB while the old ones serve; answers of how many tracks. Raises Conflict."""
        async with self._database.connection() as conn, shadow.rebuilding(conn) as is_alone:
            if not is_alone:
                raise Conflict("The search rows are being rebuilt already")
            started = await shadow.make(conn)
            count = await self._fill_shadows()
            await shadow.finish(conn)
            async with self._database.transaction() as other:
                await shadow.swap(other, started)
            return count

    async def _fill_shadows(self) -> int:
        count = 0
        async for tracks in tracks_store.export(self._mongo, None):
            async with self._database.transaction() as conn:
                await store.apply(conn, tracks, schema="shadow")
            count += len(tracks)
        async for batch in playlists_store.export(self._mongo, None):
            async with self._database.transaction() as conn:
                await playlists.apply(conn, batch, table="shadow.search_playlists")
        return count

    async def _refresh_playlists(self, changed: Sequence[Playlist]) -> None:
        async with self._database.transaction() as conn:
            await playlists.apply(conn, changed)

    async def _playlists(self, ids: list[UUID]) -> list[Playlist]:
        known = {p.id: p for p in await playlists_store.get_many(self._mongo, ids)}
        return [known[id] for id in ids if id in known]


def _without_words(order: Order) -> Order:
    return Order() if order.sort is Sort.RELEVANCE else order


def _check(filters: Filters) -> None:
    ranges = {
        "min_duration": (filters.min_duration_seconds, filters.max_duration_seconds),
        "created_from": (filters.created_from, filters.created_to),
    }
    wrong = [
        FieldError(name, "must not be above the maximum")
        for name, (low, high) in ranges.items()
        if low is not None and high is not None and low > high  # type: ignore[operator]
    ]
    if wrong:
        raise Invalid(fields=wrong)
