"""Our copy of catalog's playlists."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.postgres import Database
from services.audience.playlists import store
from services.audience.playlists.playlist import Playlist
from services.audience.subjects import Subjects


class Catalog(Protocol):
    async def list_playlists(self, ids: Collection[UUID]) -> list[Playlist]:
        """The playlists as catalog has them now; unknown ids are left out. Raises Unavailable."""


class Playlists(Subjects[Playlist]):
    def __init__(self, database: Database, catalog: Catalog) -> None:
        super().__init__(database, store, catalog.list_playlists, called="playlist")
