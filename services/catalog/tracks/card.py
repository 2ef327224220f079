"""The card of a track: all that is shown of it but its owner and its totals, ready to be sent."""

from dataclasses import dataclass
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2 as pb

from chassis.clock import timestamp
from services.catalog import events
from services.catalog.tracks.track import Facts, Loudness, Status, Track, Visible


@dataclass(frozen=True, slots=True)
class Card(Visible):
    id: UUID
    number: int
    owner_id: UUID
    owner_number: int
    # A serialized pb.Track.
    message: bytes
    is_public: bool = True
    status: Status = Status.COMPLETED
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A track as it is shown: with its owner and totals."""

    card: Card
    facts: Facts

    @property
    def is_downloadable(self) -> bool:
        return self.card.is_listed and not self.facts.is_sold


def of(track: Track) -> Card:
    return Card(
        id=track.id,
        number=track.number,
        owner_id=track.owner_id,
        owner_number=track.owner_number,
        message=message(track),
        is_public=track.is_public,
        status=track.status,
        is_removed=track.is_removed,
    )


def message(t: Track) -> bytes:
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
