"""SQL of listeners."""

from collections.abc import Collection
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.insights.listeners.listener import Listener, Place

GET_TOTALS = "SELECT plays, listeners FROM track_totals WHERE track_id = $1"
# A track's listeners are adjacent under the primary key. An index in this order would be rewritten with every play,
# to save sorting some thousand rows here.
LIST_LAST_FIRST = """
SELECT user_id, streams, first_streamed_at, last_streamed_at FROM track_listeners WHERE track_id = $1
ORDER BY last_streamed_at DESC, user_id LIMIT $2 OFFSET $3
"""
# Followers are looked up only for listeners who tie for a place.
LIST_TOP = """
SELECT user_id, streams, first_streamed_at, last_streamed_at
FROM (
    SELECT user_id, streams, hours, first_streamed_at, last_streamed_at FROM track_listeners WHERE track_id = $1
    ORDER BY hours DESC, streams DESC FETCH FIRST ($2::bigint) ROWS WITH TIES
) AS contenders
LEFT JOIN account_totals ON account_id = user_id
ORDER BY hours DESC, streams DESC, coalesce(followers, 0) DESC, user_id LIMIT $2
"""
# One more than the listeners before the user in the order of LIST_TOP.
GET_PLACE = """
WITH own AS (
    SELECT user_id, streams, hours, coalesce(followers, 0) AS followers
    FROM track_listeners LEFT JOIN account_totals ON account_id = user_id WHERE track_id = $1 AND user_id = $2
)
SELECT own.streams, 1 + (
    SELECT count(*) FROM track_listeners AS other LEFT JOIN account_totals ON account_id = other.user_id
    WHERE other.track_id = $1 AND (
        (other.hours, other.streams) > (own.hours, own.streams)
        OR (other.hours, other.streams) = (own.hours, own.streams) AND (
            coalesce(followers, 0) > own.followers
            OR coalesce(followers, 0) = own.followers AND other.user_id < own.user_id
        )
    )
) AS rank
FROM own
"""
COUNT_STREAMS = "SELECT track_id, plays FROM track_totals WHERE track_id = ANY($1::uuid[])"
COUNT_LISTENERS = """
SELECT count(*) FROM (SELECT DISTINCT user_id FROM track_listeners WHERE track_id = ANY($1::uuid[])) AS listeners
"""


async def get_totals(conn: Connection, track_id: UUID) -> tuple[int, int]:
    """Plays, including anonymous ones, and distinct listeners."""
    row = await conn.fetchrow(GET_TOTALS, track_id)
    return (row["plays"], row["listeners"]) if row else (0, 0)


async def list_last_first(conn: Connection, track_id: UUID, page: Page) -> list[Listener]:
    return [Listener(*row) for row in await conn.fetch(LIST_LAST_FIRST, track_id, page.limit, page.offset)]


async def list_top(conn: Connection, track_id: UUID, limit: int) -> list[Listener]:
    return [Listener(*row) for row in await conn.fetch(LIST_TOP, track_id, limit)]


async def get_place(conn: Connection, track_id: UUID, user_id: UUID) -> Place:
    row = await conn.fetchrow(GET_PLACE, track_id, user_id)
    return Place(row["streams"], row["rank"]) if row else Place(0, 0)


async def count_streams(conn: Connection, track_ids: Collection[UUID]) -> dict[UUID, int]:
    """Of those that have any."""
    return {row["track_id"]: row["plays"] for row in await conn.fetch(COUNT_STREAMS, track_ids)}


async def count_listeners(conn: Connection, track_ids: Collection[UUID]) -> int:
    return int(await conn.fetchval(COUNT_LISTENERS, track_ids))
