"""SQL of searching playlists. It ranks; MongoDB says what may be seen."""

from typing import Any
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.catalog.playlists.playlist import Wanted
from services.catalog.words import vocabulary
from services.catalog.words.query import Query

MATCHING = """
FROM search_playlists AS p LEFT JOIN totals AS t ON t.subject_id = p.playlist_id
WHERE NOT p.is_removed AND p.tenant = {}
"""
READABLE = "(p.is_public OR p.owner_id = {} OR p.reader_ids @> ARRAY[{}::uuid])"
DOWNLOADABLE = """
EXISTS (
    SELECT FROM search_tracks AS s LEFT JOIN sold ON sold.track_id = s.track_id AND sold.is_sold
    WHERE s.track_id = ANY(p.track_ids) AND s.is_listed AND sold.track_id IS NULL
)
"""
NEWEST = "p.created_at DESC, p.playlist_id DESC"
# Like tracks: by quality of the match, and among equals the most liked first.
RELEVANCE = """
(({forgiving} + 2 * {prefixed} + 4 * {exact} + 4 * (p.title_key = {folded})::int)
    * (1 + ln(1 + coalesce(t.likes, 0)) / 10)) DESC, p.playlist_id DESC
"""
RANK = "ts_rank(p.words, {}::text::tsquery)"
# Of what shares a track or an artist with the caller's own playlists, and of what is liked most, a bounded number each:
# the related before the others, then the most liked, and only what holds a track that everyone may hear.
RECOMMEND = """
WITH own AS MATERIALIZED (
    SELECT DISTINCT unnest(track_ids) AS track_id FROM search_playlists WHERE owner_id = $2 AND NOT is_removed
    LIMIT 1000
), known AS MATERIALIZED (
    SELECT array_agg(track_id) AS ids FROM (
        SELECT track_id FROM own
        UNION (
            SELECT track_id FROM search_tracks WHERE is_listed
                AND owner_id IN (SELECT owner_id FROM own JOIN search_tracks USING (track_id)) LIMIT 2000
        )
    ) AS each
), open AS NOT MATERIALIZED (
    SELECT p.playlist_id, p.track_ids, coalesce(t.likes, 0) AS likes
    FROM search_playlists AS p LEFT JOIN totals AS t ON t.subject_id = p.playlist_id
    WHERE p.tenant = $1 AND p.owner_id <> $2 AND p.is_public AND NOT p.is_removed AND NOT p.is_album
), candidates AS (
    (SELECT open.*, true AS is_related FROM open, known WHERE open.track_ids && known.ids LIMIT 1000)
    UNION ALL (SELECT open.*, false FROM open ORDER BY likes DESC, playlist_id DESC LIMIT 1000)
)
SELECT playlist_id FROM candidates AS c
WHERE EXISTS (SELECT FROM search_tracks AS s WHERE s.track_id = ANY(c.track_ids) AND s.is_listed)
GROUP BY playlist_id, likes ORDER BY bool_or(is_related) DESC, likes DESC, playlist_id DESC
LIMIT $3
"""


async def search(conn: Connection, query: Query | None, wanted: Wanted, page: Page) -> tuple[list[UUID], int]:
    """Ids of one page, and how many there are in all; without a query, newest first."""
    which = _Which(wanted)
    order = NEWEST if query is None else await _by_relevance(conn, which, query)
    total = int(await conn.fetchval(f"SELECT count(*) {which.matching}", *which.filters))
    slice_ = f"OFFSET {which.place(page.offset)} LIMIT {which.place(page.limit)}"
    rows = await conn.fetch(f"SELECT p.playlist_id {which.matching} ORDER BY {order} {slice_}", *which.values)
    return [row["playlist_id"] for row in rows], total


async def recommend(conn: Connection, tenant: str, account_id: UUID, most: int) -> list[UUID]:
    return [row["playlist_id"] for row in await conn.fetch(RECOMMEND, tenant, account_id, most)]


async def _by_relevance(conn: Connection, which: "_Which", query: Query) -> str:
    forgiving = query.forgiving(await vocabulary.near(conn, query.may_err))
    which.add("p.words @@ {}::text::tsquery", forgiving)
    asked = {"forgiving": forgiving, "prefixed": query.prefixed, "exact": query.exact}
    ranks = {name: RANK.format(which.place(text)) for name, text in asked.items()}
    return RELEVANCE.format(**ranks, folded=which.place(query.folded))


class _Which:
    """The rows that are meant: conditions, and what stands for their places and those of the order behind them."""

    def __init__(self, wanted: Wanted) -> None:
        self.values: list[Any] = []
        self.matching = MATCHING.format(self.place(wanted.tenant))
        if wanted.reader_id is None:
            self.add("p.is_public")
        else:
            self.add(READABLE, wanted.reader_id, wanted.reader_id)
        if wanted.owner_id is not None:
            self.add("p.owner_id = {}", wanted.owner_id)
        if wanted.is_public is not None:
            self.add("p.is_public = {}", wanted.is_public)
        if wanted.only_downloadable:
            self.add(DOWNLOADABLE)
        if wanted.without_albums:
            self.add("NOT p.is_album")

    @property
    def filters(self) -> list[Any]:
        """The values that the conditions need."""
        return self.values[: self._needed]

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, condition: str, *values: Any) -> None:
        self.matching += " AND " + condition.format(*map(self.place, values))
        self._needed = len(self.values)
