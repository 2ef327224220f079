"""What marketplace keeps of a track."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Track:
    id: UUID
    owner_id: UUID
    recording_id: UUID
    title: str
    # mp3, flac, wav, ogg, m4a.
    format: str
    is_completed: bool
    # It could not be processed and never will be.
    is_failed: bool
    is_removed: bool
    version: int
