"""A play, from what the gateway sends to what is stored and published."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis.errors import FieldError, Invalid
from chassis.principal import Principal
from services.audience.tracks.track import Track

OLDEST = timedelta(hours=24)
MAX_AHEAD = timedelta(minutes=5)
MAX_TEXT_LENGTH = 255
MAX_FINGERPRINT_BYTES = 64


@dataclass(frozen=True, slots=True)
class Item:
    """One caller's request to record a play; `id` is the play's and the event's."""

    id: UUID
    caller: Principal
    track_id: UUID
    user_id: UUID | None
    seconds: int | None
    device: str | None
    source: int
    # None: repeats cannot be recognised. Keys belong to a user, so a key without a user is ignored; and those of a
    # reporter without a token are apart, so that nobody takes another's.
    key: str | None
    fingerprint: bytes | None
    traceparent: str

    def __post_init__(self) -> None:
        """One malformed item must not spoil the statement that it shares with others."""
        if self.seconds is not None and self.seconds < 0:
            raise Invalid(fields=[FieldError("seconds", "must not be negative")])
        if not 0 < self.source < 100:
            raise Invalid(fields=[FieldError("source", "must be known")])
        if len(self.fingerprint or b"") > MAX_FINGERPRINT_BYTES:
            raise Invalid(fields=[FieldError("fingerprint", "is too long")])
        for name, text in (("device", self.device), ("key", self.key), ("traceparent", self.traceparent)):
            # Postgres stores every character but this one.
            if text and (len(text) > MAX_TEXT_LENGTH or "\0" in text):
                raise Invalid(
                    fields=[FieldError(name, f"must be at most {MAX_TEXT_LENGTH} characters, none of them NUL")]
                )

    @property
    def is_authenticated(self) -> bool:
        return self.caller.is_(self.user_id)

    @property
    def is_for_another(self) -> bool:
        """Whether a caller reports a play in another user's name; only an anonymous caller may name a user."""
        return self.caller.account_id is not None and self.user_id is not None and not self.is_authenticated


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an item: the recorded play (this one, or the first under its key), or the reason for none."""

    id: UUID | None = None
    recorded_at: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Play:
    id: UUID
    track_id: UUID
    owner_id: UUID
    user_id: UUID | None
    seconds: int | None
    duration_ms: int
    device: str | None
    source: int
    is_authenticated: bool
    key: str | None
    fingerprint: bytes | None
    occurred_at: datetime
    received_at: datetime

    @classmethod
    def of(cls, item: Item, track: Track, received_at: datetime) -> "Play":
        return cls(
            id=item.id,
            track_id=item.track_id,
            owner_id=track.owner_id,
            user_id=item.user_id,
            seconds=cut(item.seconds, track.duration_ms),
            duration_ms=track.duration_ms,
            device=item.device,
            source=item.source,
            is_authenticated=item.is_authenticated,
            key=item.key,
            fingerprint=item.fingerprint,
            occurred_at=occurred_at(item.id, received_at),
            received_at=received_at,
        )


@dataclass(frozen=True, slots=True)
class MinuteCount:
    minute: datetime
    count: int


def cut(seconds: int | None, duration_ms: int) -> int | None:
    """Seconds heard, at most the track's length rounded up (so a track of 9.4 s can be heard to its end)."""
    return None if seconds is None else min(seconds, -(-duration_ms // 1000))


def occurred_at(id: UUID, received_at: datetime) -> datetime:
    """When the gateway made the id (RFC 9562, 5.7: its first 48 bits), clamped to a day ago and five minutes ahead.

    So a group that is sent again has the same times, and a gateway with a wrong clock puts no play into next year.
    """
    if id.version != 7:
        return received_at
    milliseconds = min(id.int >> 80, 253_402_300_799_000)  # the last second that a datetime can hold
    made_at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return min(max(made_at, received_at - OLDEST), received_at + MAX_AHEAD)
