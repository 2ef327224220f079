"""Events as protobuf: what catalog tells of tracks and playlists, and what others tell catalog."""

from uuid import UUID

from soundstage.auth.v1 import accounts_pb2
from soundstage.catalog.v1 import playlists_pb2, tracks_pb2
from soundstage.insights.v1 import events_pb2 as insights_pb2
from soundstage.marketplace.v1 import events_pb2 as marketplace_pb2
from soundstage.streaming.v1 import events_pb2 as streaming_pb2

from chassis import ids
from chassis.clock import timestamp
from chassis.events import Event, Record, Topic
from services.catalog.people.person import Account, Totals
from services.catalog.playlists.playlist import Playlist
from services.catalog.tracks.track import Loudness, Recording, Status, Track

CATALOG = Topic("soundstage.catalog.v1")
ACCOUNTS = "soundstage.accounts.v1"
RECORDINGS = "soundstage.recordings.v1"
MARKET = "soundstage.market.v1"
TOTALS = "soundstage.totals.v1"
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
    """TrackPublished the first time that everyone may hear it, else TrackChanged."""
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


def playlist_id(record: Record) -> UUID:
    return ids.parse(playlists_pb2.PlaylistState.FromString(record.event.payload).id)


def track_id(record: Record) -> UUID:
    return ids.parse(tracks_pb2.TrackState.FromString(record.event.payload).id)


def account(record: Record) -> Account:
    return account_of(accounts_pb2.AccountState.FromString(record.event.payload))


def account_of(state: accounts_pb2.AccountState) -> Account:
    return Account(
        id=ids.parse(state.id),
        number=state.number,
        tenant=state.tenant,
        handle=state.handle,
        name=state.name,
        bio=state.bio if state.HasField("bio") else None,
        picture=state.avatar if state.HasField("avatar") else None,
        location=state.location if state.HasField("location") else None,
        version=state.version,
        is_removed=state.is_removed,
    )


def totals(record: Record) -> Totals:
    t = insights_pb2.TotalsChanged.FromString(record.event.payload)
    counts = (t.plays, t.likes, t.reposts, t.followers, t.followees, t.reposts_made)
    return Totals(ids.parse(t.subject_id), *counts, version=t.version)


def sold(record: Record) -> tuple[UUID, bool, int]:
    """(track, is sold, version)"""
    p = marketplace_pb2.ProductChanged.FromString(record.event.payload)
    return ids.parse(p.track_id), p.is_sold, p.version


def recording_ready(record: Record) -> Recording:
    r = streaming_pb2.RecordingReady.FromString(record.event.payload)
    return Recording(
        recording_id=ids.parse(r.recording_id),
        track_id=ids.parse(r.track_id),
        duration_ms=r.duration_ms,
        loudness=Loudness(
            r.integrated_lufs if r.HasField("integrated_lufs") else None,
            r.range_lu if r.HasField("range_lu") else None,
            r.true_peak_dbtp if r.HasField("true_peak_dbtp") else None,
        ),
        progressive_object=r.progressive_object,
        cover_object=r.cover_object,
    )


def recording_failed(record: Record) -> tuple[UUID, UUID]:
    """(recording, track)"""
    r = streaming_pb2.RecordingFailed.FromString(record.event.payload)
    return ids.parse(r.recording_id), ids.parse(r.track_id)


def _track_event(type: str, track: Track) -> Event:
    return Event.of(CATALOG.name, str(track.id), track_state(track), type=type)
