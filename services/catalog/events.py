"""The events catalog publishes: each a pure function of a document."""

from soundstage.catalog.v1 import playlists_pb2, tracks_pb2

from chassis.clock import timestamp
from chassis.events import Event, Topic
from services.catalog.playlists.playlist import Playlist
from services.catalog.tracks.track import Status, Track

CATALOG = Topic("soundstage.catalog.v1")
GROUPS = ("catalog-copies", "catalog-tracks", "catalog-search")
TOPICS = [CATALOG, *(Topic(f"soundstage.dead.{group}.v1", partitions=1) for group in GROUPS)]

STATUS = {
    Status.PROCESSING: tracks_pb2.TRACK_STATUS_PROCESSING,
    Status.COMPLETED: tracks_pb2.TRACK_STATUS_COMPLETED,
    Status.FAILED: tracks_pb2.TRACK_STATUS_FAILED,
}


def track_added(track: Track) -> Event:
    return _track_event("TrackAdded", track)


def track_changed(before: Track, after: Track) -> Event:
    """TrackPublished the first time a track is public and completed, else TrackChanged."""
    is_new = before.published_at is None and after.published_at is not None
    return _track_event("TrackPublished" if is_new else "TrackChanged", after)


def track_removed(track: Track) -> Event:
    return _track_event("TrackRemoved", track)


def track_state(t: Track) -> tracks_pb2.TrackState:
    """What others may copy; the same for an event, an answer and an export."""
    return tracks_pb2.TrackState(
        id=str(t.id),
        number=t.number,
        owner_id=str(t.owner_id),
        owner_number=t.owner_number,
        recording_id=str(t.recording_id),
        title=t.title,
        format=t.format,
        is_public=t.is_public,
        status=STATUS[t.status],
        duration_ms=t.duration_ms,
        genre=t.genre,
        version=t.version,
        is_removed=t.is_removed,
        published_at=timestamp(t.published_at),
    )


def playlist_changed(playlist: Playlist) -> Event:
    """PlaylistRemoved of a tombstone, else PlaylistChanged."""
    type = "PlaylistRemoved" if playlist.is_removed else "PlaylistChanged"
    return Event.of(CATALOG.name, str(playlist.id), playlist_state(playlist), type=type)


def playlist_state(p: Playlist) -> playlists_pb2.PlaylistState:
    """What others may copy; the same for an event, an answer and an export."""
    return playlists_pb2.PlaylistState(
        id=str(p.id),
        number=p.number,
        owner_id=str(p.owner_id),
        title=p.title,
        is_public=p.is_public,
        is_album=p.is_album,
        collaborator_ids=[str(one.account_id) for one in p.collaborators],
        version=p.version,
        is_removed=p.is_removed,
        tenant=p.tenant,
    )


def _track_event(type: str, track: Track) -> Event:
    return Event.of(CATALOG.name, str(track.id), track_state(track), type=type)
