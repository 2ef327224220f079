"""What an upload may be, and what became of it."""

from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldError, Invalid
from services.streaming.media.probe import Tags


@dataclass(frozen=True)
class Limits:
    """`seconds` is how long an upload may take, `recording_seconds` how long its sound may be."""

    file_bytes: int
    seconds: float
    recording_seconds: int


@dataclass(frozen=True)
class Received:
    recording_id: UUID
    sha256: bytes
    md5: bytes
    size_bytes: int
    format: str
    tags: Tags


def invalid(message: str, reason: str = "") -> Invalid:
    return Invalid(message, reason=reason, fields=[FieldError("file", message)])


def cut_short() -> Invalid:
    return invalid("The file did not arrive as a whole")
