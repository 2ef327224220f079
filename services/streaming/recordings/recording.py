"""What a recording is. Its id is also the stream's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.streaming.media.loudness import Loudness
from services.streaming.media.probe import Sound


class State(StrEnum):
    RECEIVED = "received"
    TRANSCODING = "transcoding"
    READY = "ready"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True)
class File:
    """An original in the store."""

    size_bytes: int
    sha256: bytes
    md5: bytes


@dataclass(frozen=True)
class Recording:
    id: UUID
    owner_id: UUID
    track_id: UUID | None
    state: State
    percent: int
    reason: str | None
    sound: Sound
    # The file's own picture until the recording is ready; then the largest of the sizes made from it.
    cover_object: str | None
    # Of the original.
    bytes: int


@dataclass(frozen=True)
class Outcome:
    """The result of a finished transcoding."""

    frames: int
    frame_rate: int
    loudness: Loudness
    progressive_object: str
    cover_object: str | None
    ready_at: datetime
    # Of everything that was made.
    made_bytes: int

    @property
    def duration_ms(self) -> int:
        return max(1, round(1000 * self.frames / self.frame_rate))


def original_object(recording_id: UUID) -> str:
    return f"originals/{recording_id}"


def folder(recording_id: UUID) -> str:
    """Prefix of everything made from the recording, without the trailing slash."""
    return f"recordings/{recording_id}"
