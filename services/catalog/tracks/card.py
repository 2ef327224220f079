"""The card of a track: all that is shown of it but its owner and its totals, as a message that is ready to be sent."""

from soundstage.catalog.v1 import tracks_pb2 as pb

from chassis.clock import timestamp
from services.catalog import events
from services.catalog.tracks.track import Loudness, Track


def of(t: Track) -> bytes:
    """A pb.Track."""
    return pb.Track(
        id=str(t.id),
        number=t.number,
        title=t.title,
        artist=t.artist,
        album=t.album,
        genre=t.genre,
        year=t.year,
        mood=t.mood,
        tags=t.tags,
        description=t.description,
        is_public=t.is_public,
        status=events.STATUS[t.status],
        format=t.format,
        file_bytes=t.file_bytes,
        recording_id=str(t.recording_id),
        duration_ms=t.duration_ms,
        loudness=_loudness(t.loudness),
        progressive_object=t.progressive_object,
        cover_object=t.cover_object,
        slug=t.slug,
        created_at=timestamp(t.created_at),
        updated_at=timestamp(t.updated_at),
        published_at=timestamp(t.published_at),
    ).SerializeToString()


def _loudness(measured: Loudness) -> pb.Loudness | None:
    if measured == Loudness():
        return None
    return pb.Loudness(
        integrated_lufs=measured.integrated_lufs,
        range_lu=measured.range_lu,
        true_peak_dbtp=measured.true_peak_dbtp,
    )
