"""SQL of the rows of tracks: one to list and to search by, and beside it one with the card."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.catalog.listings import tiers
from services.catalog.tracks import card
from services.catalog.tracks.track import Filters, Order, Sort, Track
from services.catalog.words import vocabulary, words

NEWER = """
ON CONFLICT (track_id) DO UPDATE SET
    is_listed = excluded.is_listed, is_removed = excluded.is_removed, title_key = excluded.title_key,
    genre_key = excluded.genre_key, format = excluded.format, duration_seconds = excluded.duration_seconds,
    words = excluded.words, version = excluded.version, indexed_at = excluded.indexed_at, tier = excluded.tier
WHERE kept.version < excluded.version
"""
APPLY = f"""
INSERT INTO {{schema}}.search_tracks AS kept
    (track_id, owner_id, owner_number, is_listed, is_removed, title_key, genre_key, format, duration_seconds,
    created_at, words, version, tier)
SELECT new.track_id, owner_id, owner_number, is_listed, is_removed, title_key, genre_key, format, duration_seconds,
    created_at, words::tsvector, new.version, {tiers.of("new.track_id", "t.plays")}
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::boolean[], $5::boolean[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::timestamptz[], $11::text[], $12::bigint[]) AS new (track_id, owner_id, owner_number, is_listed,
    is_removed, title_key, genre_key, format, duration_seconds, created_at, words, version)
LEFT JOIN totals AS t ON t.subject_id = new.track_id
{NEWER}
"""
NEWER_CARD = """
ON CONFLICT (track_id) DO UPDATE SET card = excluded.card, version = excluded.version, indexed_at = excluded.indexed_at
WHERE kept.version < excluded.version
"""
APPLY_CARDS = f"""
INSERT INTO {{schema}}.track_cards AS kept (track_id, number, card, version)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bigint[])
{NEWER_CARD}
"""
MATCHING = "FROM search_tracks AS s LEFT JOIN totals AS t ON t.subject_id = s.track_id WHERE "
LISTED = "s.is_listed"
LISTED_OR_OWN = "(s.is_listed OR (s.owner_id = {} AND NOT s.is_removed))"
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
ORDERS = {
    Sort.CREATED_AT: "s.created_at",
    Sort.TITLE: "s.title_key",
    Sort.POPULARITY: "coalesce(t.plays, 0)",
}


async def apply(conn: Connection, tracks: Sequence[Track], *, schema: str = "public") -> None:
    """Takes over the tracks that are newer than their rows."""
    ordered = sorted(tracks, key=lambda track: track.id)
    if not ordered:
        return
    await conn.execute(APPLY.format(schema=schema), *map(list, zip(*map(_row, ordered), strict=True)))
    await conn.execute(APPLY_CARDS.format(schema=schema), *map(list, zip(*map(_card, ordered), strict=True)))
    said = [(track.owner_id, words.vocabulary(*_texts(track))) for track in ordered if track.is_listed]
    await vocabulary.add(conn, said, is_rebuild=schema == "shadow")


async def list_tracks(
    conn: Connection, filters: Filters, own: UUID | None, order: Order, page: Page
) -> tuple[list[UUID], int]:
    """Ids of one page of public tracks and those of the account `own`, and how many there are in all."""
    which = Which(filters)
    which.add(LISTED if own is None else LISTED_OR_OWN, *([] if own is None else [own]))
    return await which.page(conn, by(order), page), await which.count(conn)


def by(order: Order) -> str:
    direction = "ASC" if order.is_ascending else "DESC"
    return f"{ORDERS[order.sort]} {direction}, s.track_id {direction}"


def _row(t: Track) -> tuple[Any, ...]:
    vector = words.vector(*zip(_texts(t), "ABCD", strict=True)) if t.is_listed else ""
    title, genre = words.fold(t.title), words.key(t.genre) if t.genre is not None else None
    place = (t.id, t.owner_id, t.owner_number, t.is_listed, t.is_removed)
    return (*place, title, genre, t.format, t.duration_seconds, t.created_at, vector, t.version)


def _card(t: Track) -> tuple[Any, ...]:
    return t.id, t.number, card.of(t) if t.is_listed else None, t.version


def _texts(track: Track) -> tuple[str, str, str, str]:
    return track.title, track.artist, track.album or "", " ".join(track.tags)


class Which:
    """Conditions and the values of their placeholders. The SQL holds only what is asked for, so that
    Postgres sees which index answers it."""

    def __init__(self, filters: Filters) -> None:
        self.conditions: list[str] = []
        self.values: list[Any] = []
        for name, condition in FILTERS.items():
            if (value := getattr(filters, name)) is not None:
                self.add(condition, words.key(value) if name == "genre" else value)
        if filters.only_downloadable:
            self.add(NOT_SOLD)

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition.format(*map(self.place, values)))

    async def count(self, conn: Connection) -> int:
        return int(await conn.fetchval(f"SELECT count(*) {self._matching}", *self.values))

    async def page(self, conn: Connection, order: str, page: Page) -> list[UUID]:
        values = [*self.values, page.offset, page.limit]
        slice_ = f"OFFSET ${len(values) - 1} LIMIT ${len(values)}"
        rows = await conn.fetch(f"SELECT s.track_id {self._matching} ORDER BY {order} {slice_}", *values)
        return [row["track_id"] for row in rows]

    @property
    def _matching(self) -> str:
        return MATCHING + " AND ".join(self.conditions)
