"""Finding tracks and playlists: by relevance if words are given, else a list."""

from uuid import UUID

from chassis.errors import FieldError, Invalid
from chassis.mongo import Mongo
from chassis.pages import Page
from chassis.postgres import Database
from services.catalog.listings.store import list_tracks
from services.catalog.playlists import store as playlists_store
from services.catalog.playlists.playlist import Playlist, Wanted
from services.catalog.search import playlists, store
from services.catalog.tracks.track import Filters, Order, Sort
from services.catalog.words.query import Query


class Search:
    def __init__(self, mongo: Mongo, database: Database) -> None:
        self._mongo = mongo
        self._database = database

    async def search_tracks(self, query: str, filters: Filters, order: Order, page: Page) -> tuple[list[UUID], int]:
        """Public tracks, and how many there are. Raises Invalid."""
        _check(filters)
        asked = Query(query)
        async with self._database.connection() as conn:
            if asked.is_empty and not query.strip():
                return await list_tracks(conn, filters, None, _without_words(order), page)
            return ([], 0) if asked.is_empty else await store.search_tracks(conn, asked, filters, order, page)

    async def search_playlists(self, query: str, wanted: Wanted, page: Page) -> tuple[list[Playlist], int]:
        """Without words, newest first. A row may be older than its document."""
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
