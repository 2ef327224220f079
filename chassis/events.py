"""Events: as an outbox stores them, as Kafka carries them, and as consumers get them.

The envelope is in Kafka's headers and the value is only the protobuf message, so this module knows no message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from chassis import clock, telemetry
from chassis.errors import Invalid
from chassis.ids import new_id

WEEK_MS = 7 * 24 * 3600 * 1000
# The limits of a message, and of a record with its key and headers.
MAX_BYTES = 1_000_000
MAX_RECORD_BYTES = MAX_BYTES + 64 * 1024

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as its only producer defines it; `migrate` creates it."""

    name: str
    partitions: int = 6
    retention_ms: int = WEEK_MS
    compacted: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Raises Invalid if it is too large for its topic: in the outbox it would block all later events."""

    id: UUID
    topic: str
    key: str
    type: str
    payload: bytes
    occurred_at: datetime
    traceparent: str = ""

    def __post_init__(self) -> None:
        if len(self.payload) > MAX_BYTES:
            raise Invalid(f"The event has {len(self.payload)} bytes; the maximum is {MAX_BYTES}")

    @classmethod
    def of(cls, topic: str, key: str, message: Message, *, type: str, id: UUID | None = None) -> "Event":
        """A new event with `message`, in the current trace."""
        payload = message.SerializeToString()
        return cls(id or new_id(), topic, key, type, payload, clock.utc_now(), telemetry.traceparent())

    def headers(self) -> list[tuple[str, bytes]]:
        texts = {
            "id": str(self.id),
            "type": self.type,
            "occurred-at": self.occurred_at.isoformat(),
            "traceparent": self.traceparent,
        }
        return [(name, text.encode()) for name, text in texts.items() if text]


@dataclass(frozen=True, slots=True)
class Record:
    """One message as stored in Kafka. `event` raises Invalid if its headers are not those of an event."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, message: Any) -> "Record":
        """From aiokafka's ConsumerRecord."""
        m = message
        return cls(m.topic, m.partition, m.offset, m.key, m.value, m.headers)

    @property
    def event_id(self) -> UUID | None:
        try:
            return UUID(dict(self.headers)["id"].decode())
        except (KeyError, ValueError):
            return None

    @property
    def event(self) -> Event:
        texts = dict(self.headers)
        try:
            return Event(
                id=UUID(texts["id"].decode()),
                topic=self.topic,
                key=(self.key or b"").decode(),
                type=texts["type"].decode(),
                payload=self.value or b"",
                occurred_at=datetime.fromisoformat(texts["occurred-at"].decode()).astimezone(UTC),
                traceparent=texts.get("traceparent", b"").decode(),
            )
        except (KeyError, ValueError) as fault:
            raise Invalid(f"Not an event: {fault!r}") from fault
