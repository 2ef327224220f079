"""Whether the original of a removed track is kept."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Original:
    recording_id: UUID
    track_id: UUID
    is_kept: bool
