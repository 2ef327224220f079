"""SQL of the search rows: one a track, to list and to search by. It ranks; what may be seen MongoDB says."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.catalog.search import vocabulary, words
from services.catalog.tracks.track import Filters, Order, Sort, Track

NEWER = """
ON CONFLICT (track_id) DO UPDATE SET
    is_listed = excluded.is_listed, is_removed = excluded.is_removed, title_key = excluded.title_key,
    genre_key = excluded.genre_key, format = excluded.format, duration_seconds = excluded.duration_seconds,
    words = excluded.words, version = excluded.version, indexed_at = excluded.indexed_at
WHERE kept.version < excluded.version
"""
APPLY = f"""
INSERT INTO {{table}} AS kept
    (track_id, owner_id, owner_number, is_listed, is_removed, title_key, genre_key, format, duration_seconds,
    created_at, words, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::tsvector, $12)
{NEWER}
"""
MATCHING = "FROM search_tracks AS s LEFT JOIN totals AS t ON t.subject_id = s.track_id WHERE "
LISTED = "s.is_listed"
LISTED_OR_OWN = "(s.is_listed OR (s.owner_id = {} AND NOT s.is_removed))"
WORDS = "s.words @@ {}::text::tsquery"
FILTERS = {
    "owner_id": "s.owner_id = {}",
    "owner_number": "s.owner_number = {}",
    "genre": "s.genre_key = {}",
    "format": "s.format = {}",
    "min_duration_seconds": "s.duration_seconds >= {}",
    "max_duration_seconds": "s.duration_seconds <= {}",
    "created_from": "s.created_at >= {}",
    "created_to": "s.created_at <= {}",
}
NOT_SOLD = "NOT EXISTS (SELECT FROM sold WHERE sold.track_id = s.track_id AND sold.is_sold)"
# An exact title first, then how well the words match (as written above beginnings above slips; title above artist above
# album above tags), and of equals the popular before the obscure.
RELEVANCE = """
(({forgiving_rank} + 2 * {prefixed_rank} + 4 * {exact_rank} + 4 * (s.title_key = {folded})::int)
    * (1 + ln(1 + coalesce(t.plays, 0)) / 10)) DESC, s.track_id DESC
"""
RANK = "ts_rank(s.words, {}::text::tsquery)"
ORDERS = {
    Sort.CREATED_AT: "s.created_at",
    Sort.TITLE: "s.title_key",
    Sort.POPULARITY: "coalesce(t.plays, 0)",
}


async def apply(conn: Connection, tracks: Sequence[Track], *, table: str = "search_tracks") -> None:
    """Takes over the tracks that are newer than their rows."""
    ordered = sorted(tracks, key=lambda track: track.id)
    await conn.executemany(APPLY.format(table=table), [_row(track) for track in ordered])
    listed = (words.vocabulary(*texts) for texts in map(_texts, filter(_is_listed, ordered)))
    await vocabulary.add(conn, set().union(*listed))


async def list_tracks(
    conn: Connection, filters: Filters, own: UUID | None, order: Order, page: Page
) -> tuple[list[UUID], int]:
    """Ids of one page of what everyone may see and the account `own` owns, and how many there are in all."""
    which = _Which(filters)
    which.add(LISTED if own is None else LISTED_OR_OWN, *([] if own is None else [own]))
    return await which.page(conn, _by(order), page), await which.count(conn)


async def search_tracks(
    conn: Connection, query: words.Query, filters: Filters, order: Order, page: Page
) -> tuple[list[UUID], int]:
    """As `list_tracks`, of what everyone may see and all words of `query` match."""
    forgiving = query.forgiving(await vocabulary.near(conn, query.may_err))
    which = _Which(filters)
    which.add(LISTED)
    which.add(WORDS, forgiving)
    total = await which.count(conn)
    if order.sort is not Sort.RELEVANCE:
        return await which.page(conn, _by(order), page), total
    asked = {"forgiving": forgiving, "prefixed": query.prefixed, "exact": query.exact}
    ranks = {f"{name}_rank": RANK.format(which.place(text)) for name, text in asked.items()}
    by_relevance = RELEVANCE.format(**ranks, folded=which.place(query.folded))
    return await which.page(conn, by_relevance, page), total


def _by(order: Order) -> str:
    direction = "ASC" if order.is_ascending else "DESC"
    return f"{ORDERS[order.sort]} {direction}, s.track_id {direction}"


def _row(t: Track) -> tuple[Any, ...]:
    vector = words.vector(*zip(_texts(t), "ABCD", strict=True)) if t.is_listed else ""
    title, genre = words.fold(t.title), words.key(t.genre) if t.genre is not None else None
    place = (t.id, t.owner_id, t.owner_number, t.is_listed, t.is_removed)
    return (*place, title, genre, t.format, t.duration_seconds, t.created_at, vector, t.version)


def _texts(track: Track) -> tuple[str, str, str, str]:
    return track.title, track.artist, track.album or "", " ".join(track.tags)


def _is_listed(track: Track) -> bool:
    return track.is_listed


class _Which:
    """The rows that are meant: conditions and what stands for their places. Only what is asked for is in the SQL, so
    that Postgres sees which index answers it."""

    def __init__(self, filters: Filters) -> None:
        self._conditions: list[str] = []
        self._values: list[Any] = []
        for name, condition in FILTERS.items():
            if (value := getattr(filters, name)) is not None:
                self.add(condition, words.key(value) if name == "genre" else value)
        if filters.only_downloadable:
            self.add(NOT_SOLD)

    def place(self, value: Any) -> str:
        self._values.append(value)
        return f"${len(self._values)}"

    def add(self, condition: str, *values: Any) -> None:
        self._conditions.append(condition.format(*map(self.place, values)))

    async def count(self, conn: Connection) -> int:
        return int(await conn.fetchval(f"SELECT count(*) {self._matching}", *self._values))

    async def page(self, conn: Connection, order: str, page: Page) -> list[UUID]:
        values = [*self._values, page.offset, page.limit]
        slice_ = f"OFFSET ${len(values) - 1} LIMIT ${len(values)}"
        rows = await conn.fetch(f"SELECT s.track_id {self._matching} ORDER BY {order} {slice_}", *values)
        return [row["track_id"] for row in rows]

    @property
    def _matching(self) -> str:
        return MATCHING + " AND ".join(self._conditions)
