"""What streaming keeps of a track."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Track:
    id: UUID
    owner_id: UUID
    recording_id: UUID
    is_public: bool
    is_processing: bool
    is_completed: bool
    is_removed: bool
    published_at: datetime | None
    version: int
