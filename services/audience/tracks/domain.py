"""Our copy of catalog's tracks."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from chassis.postgres import Database
from services.audience.subjects import Subjects
from services.audience.tracks import store
from services.audience.tracks.track import Track


class Catalog(Protocol):
    async def list_tracks(self, ids: Collection[UUID]) -> list[Track]:
        """The tracks as catalog has them now; unknown ids are left out. Raises Unavailable."""


class Tracks(Subjects[Track]):
    def __init__(self, database: Database, catalog: Catalog) -> None:
        super().__init__(database, store, catalog.list_tracks, called="track")
