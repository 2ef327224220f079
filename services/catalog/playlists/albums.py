"""Albums: for each owner and album title the playlist of the tracks that carry it, kept by whoever writes a track."""

from dataclasses import replace
from uuid import UUID

from chassis import ids
from chassis.mongo import Mongo, Session
from chassis.principal import PUBLIC_TENANT
from services.catalog import events, moments
from services.catalog.playlists import store
from services.catalog.playlists.playlist import MAX_TRACKS, Entry, Playlist
from services.catalog.tracks import store as tracks_store
from services.catalog.tracks.track import Track


class Albums:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def keep(self, session: Session, before: Track | None, after: Track) -> None:
        """Updates the albums that a track leaves, enters or appears in, in its transaction."""
        if before and (before.album, before.is_listed) == (after.album, after.is_listed):
            return
        keys = {track.album_key for track in (before, after) if track}
        for key in sorted(filter(None, keys)):
            await self._keep(session, after, key)

    async def fill_in(self) -> None:
        """Creates the albums of tracks that were written before albums existed; part of `migrate`."""
        for id in await tracks_store.list_without_album_key(self._mongo):

            async def work(session: Session, id: UUID = id) -> None:
                if track := await tracks_store.get(self._mongo, session, id):
                    await tracks_store.replace(self._mongo, session, track)
                    await self.keep(session, None, track)

            await self._mongo.run(work)

    async def _keep(self, session: Session, track: Track, key: str) -> None:
        owner_id = track.owner_id
        tracks = await tracks_store.list_of_album(self._mongo, session, owner_id, key, MAX_TRACKS)
        before = await store.get_album(self._mongo, session, owner_id, key)
        if before is None and tracks:
            album = _with_tracks(await self._new(track, key), tracks)
            await store.add(self._mongo, session, album)
            await self._mongo.add_event(session, events.playlist_changed(album))
        elif before is not None:
            after = _next(before, tracks)
            await store.replace(self._mongo, session, after)
            await self._mongo.add_event(session, events.playlist_changed(after))

    async def _new(self, track: Track, key: str) -> Playlist:
        now = moments.now()
        return Playlist(
            id=ids.new_id(),
            number=await store.take_number(self._mongo),
            tenant=PUBLIC_TENANT,
            owner_id=track.owner_id,
            owner_number=track.owner_number,
            title="",
            description=None,
            is_public=False,
            created_at=now,
            updated_at=now,
            is_album=True,
            album_key=key,
        )


def _with_tracks(album: Playlist, tracks: list[Track]) -> Playlist:
    """The album that its tracks make up; tracks already in it keep their entries."""
    kept = {entry.track_id: entry for entry in album.entries}
    return replace(
        album,
        title=(tracks[0].album or "").strip(),
        is_public=any(track.is_listed for track in tracks),
        entries=tuple(kept.get(t.id) or Entry(ids.new_id(), t.id, t.created_at) for t in tracks),
    )


def _next(before: Playlist, tracks: list[Track]) -> Playlist:
    if not tracks:
        return before.removed(moments.now())
    return _with_tracks(before.changed(moments.now()), tracks)
