"""SQL of the copy of accounts."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.catalog.people.person import Account, Person
from services.catalog.words import vocabulary, words
from services.catalog.words.query import Query

APPLY = """
INSERT INTO people AS kept
    (id, number, tenant, handle, name, bio, picture, location, handle_key, name_key, words, version, is_removed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::tsvector, $12, $13)
ON CONFLICT (id) DO UPDATE SET
    number = excluded.number, tenant = excluded.tenant, handle = excluded.handle, name = excluded.name,
    bio = excluded.bio, picture = excluded.picture, location = excluded.location, handle_key = excluded.handle_key,
    name_key = excluded.name_key, words = excluded.words, version = excluded.version, is_removed = excluded.is_removed
WHERE kept.version < excluded.version
RETURNING id
"""
_PLAYLISTS = "(SELECT count(*) FROM search_playlists WHERE owner_id = p.id AND NOT is_removed AND is_public"
# A card; `p` is the person, `a` the totals of the account.
CARD = f"""
    p.id, p.number, p.handle, p.name, p.bio, p.picture, p.location,
    coalesce((SELECT c.listed FROM track_counts AS c WHERE c.owner_id = p.id), 0) AS track_count,
    {_PLAYLISTS} AND is_album) AS album_count, {_PLAYLISTS} AND NOT is_album) AS playlist_count,
    coalesce(a.followers, 0) AS follower_count, coalesce(a.followees, 0) AS followee_count,
    coalesce(a.reposts_made, 0) AS repost_count
"""
GET_MANY = f"""
SELECT p.is_removed, p.tenant, {CARD}
FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
WHERE p.id = ANY($1::uuid[]) OR p.number = ANY($2::bigint[])
"""
GET_BY_HANDLE = f"""
SELECT {CARD}
FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
WHERE p.handle_key = $1 AND p.tenant = $2 AND NOT p.is_removed
ORDER BY p.version DESC LIMIT 1
"""
# Ranked first, so that only the cards of the page are computed.
LIST_TOP = f"""
WITH top AS MATERIALIZED (
    SELECT p.id, coalesce(a.followers, 0) AS followers
    FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
    WHERE p.tenant = $1 AND NOT p.is_removed
        AND EXISTS (SELECT FROM search_tracks AS s WHERE s.owner_id = p.id AND s.is_listed)
    ORDER BY followers DESC, p.number OFFSET $2 LIMIT $3
)
SELECT {CARD}
FROM top JOIN people AS p USING (id) LEFT JOIN totals AS a ON a.subject_id = p.id
ORDER BY top.followers DESC, p.number
"""
# People with a downloadable track.
OFFERS_DOWNLOADS = """
EXISTS (
    SELECT FROM search_tracks AS s LEFT JOIN sold ON sold.track_id = s.track_id AND sold.is_sold
    WHERE s.owner_id = p.id AND s.is_listed AND sold.track_id IS NULL
)
"""
# The exact handle first, then the exact name, then the quality of the match weighted by followers.
SEARCH = f"""
SELECT {CARD}
FROM people AS p LEFT JOIN totals AS a ON a.subject_id = p.id
WHERE p.words @@ $1::text::tsquery AND NOT p.is_removed AND p.tenant = $5 AND {{also}}
ORDER BY (p.handle_key = $4) DESC,
    (4 * ts_rank(p.words, $3::text::tsquery) + 2 * ts_rank(p.words, $2::text::tsquery)
        + ts_rank(p.words, $1::text::tsquery) + (p.name_key = $4)::int * 2)
        * (1 + ln(1 + coalesce(a.followers, 0)) / 10) DESC, p.id
OFFSET $6 LIMIT $7
"""
COUNT = """
SELECT count(*) FROM people AS p
WHERE p.words @@ $1::text::tsquery AND NOT p.is_removed AND p.tenant = $2 AND {also}
"""


CARD_FIELDS: Sequence[str] = tuple(Person.__dataclass_fields__)


class Row(Protocol):
    """A row of any driver."""

    def __getitem__(self, name: str, /) -> Any: ...


async def apply(conn: Connection, account: Account) -> None:
    """Takes over the state if it is newer than what is kept."""
    a = account
    handle, name = ("", "") if a.is_removed else (a.handle, a.name)
    joined = "".join(c for c in handle if c.isalnum())
    keys = (words.fold(handle), words.fold(name), words.vector((handle, "A"), (joined, "A"), (name, "B")))
    row = (a.id, a.number, a.tenant, a.handle, a.name, a.bio, a.picture, a.location, *keys, a.version, a.is_removed)
    if await conn.fetchval(APPLY, *row) is not None:
        await vocabulary.add(conn, [(a.id, words.vocabulary(handle, joined, name))])


async def get_many(conn: Connection, ids: Collection[UUID], numbers: Collection[int]) -> list[tuple[Person, str, bool]]:
    """For each: the card, the tenant, and whether the account is removed."""
    rows = await conn.fetch(GET_MANY, ids, numbers)
    return [(person(row), row["tenant"], row["is_removed"]) for row in rows]


async def get_by_handle(conn: Connection, handle: str, tenant: str) -> Person | None:
    row = await conn.fetchrow(GET_BY_HANDLE, words.fold(handle), tenant)
    return person(row) if row else None


async def list_top(conn: Connection, tenant: str, page: Page) -> list[Person]:
    return [person(row) for row in await conn.fetch(LIST_TOP, tenant, page.offset, page.limit)]


async def search(
    conn: Connection, query: Query, tenant: str, page: Page, *, only_downloadable: bool
) -> tuple[list[Person], int]:
    forgiving = query.forgiving(await vocabulary.near(conn, query.may_err))
    also = OFFERS_DOWNLOADS if only_downloadable else "true"
    asked = (forgiving, query.prefixed, query.exact, query.folded, tenant, page.offset, page.limit)
    found = await conn.fetch(SEARCH.format(also=also), *asked)
    return [person(row) for row in found], await conn.fetchval(COUNT.format(also=also), forgiving, tenant)


def person(row: Row) -> Person:
    """The card in a row that was selected with CARD."""
    return Person(*(row[name] for name in CARD_FIELDS))
