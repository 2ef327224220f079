"""Rows are derived: kept up by whoever writes a track or playlist, by the events of it, and by a rebuild."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis import telemetry
from chassis.errors import Conflict, Unavailable
from chassis.mongo import Mongo
from chassis.pages import Page
from chassis.postgres import Database
from services.catalog.listings import counts, playlists, shadow, store
from services.catalog.playlists import store as playlists_store
from services.catalog.playlists.playlist import Playlist
from services.catalog.tracks import store as tracks_store
from services.catalog.tracks.track import Filters, Order, Track
from services.catalog.words import vocabulary

log = telemetry.logger(__name__)


class Listings:
    def __init__(self, mongo: Mongo, database: Database) -> None:
        self._mongo = mongo
        self._database = database

    async def list_tracks(self, filters: Filters, own: UUID | None, order: Order, page: Page) -> tuple[list[UUID], int]:
        """Public tracks and those of the account `own`, and how many there are."""
        async with self._database.connection() as conn:
            return await store.list_tracks(conn, filters, own, order, page)

    async def write_tracks(self, tracks: Sequence[Track]) -> None:
        """Brings the rows of these tracks up to date."""
        owners = [track.owner_id for track in tracks]
        async with self._database.transaction() as conn, counts.counted(conn, owners):
            await store.apply(conn, tracks)

    async def write_track_soon(self, track: Track) -> None:
        """Like `write_tracks`, so that its writer finds it at once. If Postgres is down, the event does it later."""
        try:
            await self.write_tracks([track])
        except Unavailable as fault:
            log.warning("listings.left_to_event", track_id=str(track.id), fault=repr(fault))

    async def write_playlist_soon(self, playlist: Playlist) -> None:
        """Like `write_track_soon`, for a playlist."""
        try:
            await self._write_playlists([playlist])
        except Unavailable as fault:
            log.warning("listings.left_to_event", playlist_id=str(playlist.id), fault=repr(fault))

    async def refresh_tracks(self, ids: Collection[UUID]) -> None:
        """Reads tracks that an event says have changed from MongoDB and writes their rows."""
        await self.write_tracks(await tracks_store.get_many(self._mongo, ids))

    async def refresh_playlists(self, ids: Collection[UUID]) -> None:
        """Like `refresh_tracks`, for playlists."""
        await self._write_playlists(await playlists_store.get_many(self._mongo, ids))

    async def forget_unused_words(self) -> None:
        """One turn of housekeeping; a word leaves the vocabulary some time after the last row that holds it."""
        await vocabulary.forget_unused(self._database)

    async def rebuild(self) -> int:
        """Rebuilds all rows from MongoDB while the old ones serve; returns the number of tracks. Raises Conflict."""
        async with self._database.connection() as conn, shadow.rebuilding(conn) as is_alone:
            if not is_alone:
                raise Conflict("The search rows are already being rebuilt")
            started = await shadow.make(conn)
            count = await self._fill_shadows()
            await shadow.finish(conn)
            async with self._database.transaction() as other:
                await shadow.swap(other, started)
            return count

    async def _fill_shadows(self) -> int:
        count = 0
        async for tracks in tracks_store.export(self._mongo, None):
            async with self._database.transaction() as conn:
                await store.apply(conn, tracks, schema="shadow")
            count += len(tracks)
        async for batch in playlists_store.export(self._mongo, None):
            async with self._database.transaction() as conn:
                await playlists.apply(conn, batch, schema="shadow")
        return count

    async def _write_playlists(self, changed: Sequence[Playlist]) -> None:
        async with self._database.transaction() as conn:
            await playlists.apply(conn, changed)
