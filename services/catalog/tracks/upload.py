"""From an upload to its track."""

from dataclasses import dataclass
from uuid import UUID

from chassis import ids
from chassis.errors import FieldError, Invalid
from services.catalog import moments
from services.catalog.people.person import Person
from services.catalog.tracks.form import Form
from services.catalog.tracks.track import Track

MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording without a track yet, and its metadata."""

    recording_id: UUID
    filename: str
    format: str
    file_bytes: int
    form: Form
    file_tags: Form
    idempotency_key: str
    # Distinguishes requests under the same key; includes the file's digest.
    fingerprint: bytes


def check_key(idempotency_key: str) -> None:
    """Raises Invalid."""
    if len(idempotency_key) > MAX_KEY_LENGTH:
        raise Invalid(fields=[FieldError("Idempotency-Key", f"must be at most {MAX_KEY_LENGTH} characters")])


def new_track(owner: Person, number: int, upload: Upload, said: Form) -> Track:
    now = moments.now()
    return Track(
        id=ids.new_id(),
        number=number,
        owner_id=owner.id,
        owner_number=owner.number,
        recording_id=upload.recording_id,
        title=said.title or "",
        artist=said.artist or "",
        album=said.album,
        genre=said.genre,
        year=said.year,
        mood=said.mood,
        tags=said.tags or (),
        description=said.description,
        is_public=said.is_public is not False,
        format=upload.format,
        file_bytes=upload.file_bytes,
        created_at=now,
        updated_at=now,
    )


def key_of(track: Track, upload: Upload) -> str:
    return f"{track.owner_id} tracks.add {upload.idempotency_key}"
