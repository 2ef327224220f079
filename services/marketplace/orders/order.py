"""An order and its lines."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Line:
    product_id: UUID
    price_minor: int
    # What the buyer has only once; None for a service.
    claim: UUID | None
    recording_id: UUID | None = None
    title: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    id: UUID
    buyer_id: UUID
    total_minor: int
    currency: str
    status: Status
    created_at: datetime
    completed_at: datetime | None
    # Who settles a pending order holds a turn of it. Turn 1 is the buyer's own request.
    turn: int
    idempotency_key: str
    lines: tuple[Line, ...] = ()
