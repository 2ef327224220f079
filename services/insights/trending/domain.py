"""The ranking as it stands; `ranking` brings it up to date."""

from datetime import datetime
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Database
from services.insights.trending import store
from services.insights.trending.formula import Window


class Trending:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_tracks(self, window: Window, genre: str | None, page: Page) -> list[UUID]:
        """Highest score first, equal scores by number descending; of exactly this genre, or of all."""
        if genre is not None and "\0" in genre:
            return []  # no genre holds it, and Postgres takes none
        async with self._database.connection() as conn:
            return await store.list_tracks(conn, window, genre, page)

    async def get_ranked_at(self) -> datetime | None:
        """Everything counted before this time is in the scores; None before the first ranking."""
        async with self._database.connection() as conn:
            return await store.get_ranked_at(conn)
