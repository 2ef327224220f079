"""SQL of the ranking."""

from datetime import datetime
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.insights.trending.formula import Window

# Each reads an index of its own from the start.
LIST_TRACKS = {
    window: f"""
    SELECT track_id FROM track_scores WHERE is_listed ORDER BY {window} DESC, number DESC OFFSET $1 LIMIT $2
    """
    for window in Window
}
LIST_TRACKS_OF_GENRE = {
    window: f"""
    SELECT track_id FROM track_scores WHERE is_listed AND genre = $3
    ORDER BY {window} DESC, number DESC OFFSET $1 LIMIT $2
    """
    for window in Window
}
GET_RANKED_AT = "SELECT ranked_at FROM rankings"


async def list_tracks(conn: Connection, window: Window, genre: str | None, page: Page) -> list[UUID]:
    if genre is None:
        rows = await conn.fetch(LIST_TRACKS[window], page.offset, page.limit)
    else:
        rows = await conn.fetch(LIST_TRACKS_OF_GENRE[window], page.offset, page.limit, genre)
    return [row["track_id"] for row in rows]


async def get_ranked_at(conn: Connection) -> datetime | None:
    ranked_at: datetime | None = await conn.fetchval(GET_RANKED_AT)
    return ranked_at
