"""A product, its file and its sale; what a seller offers and changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Type(StrEnum):
    TRACK = "track"
    PACK = "pack"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Product:
    id: UUID
    seller_id: UUID
    title: str
    description: str | None
    price_minor: int
    currency: str
    status: Status
    type: Type
    track_id: UUID | None
    license_type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """The file of a product, and how one caller stands to it."""

    seller_id: UUID
    track_id: UUID
    recording_id: UUID
    title: str
    format: str
    is_completed: bool
    is_removed: bool
    is_kept: bool
    is_bought: bool

    @property
    def is_finished(self) -> bool:
        """Whether the file is all there will ever be."""
        return self.is_completed or self.is_removed


@dataclass(frozen=True, slots=True)
class Sale:
    """Whether an active product sells a track for more than 0."""

    track_id: UUID
    is_sold: bool
    version: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a seller puts up for sale."""

    title: str
    description: str | None
    price_minor: int
    type: Type | None
    track_id: UUID | None
    license_type: str


@dataclass(frozen=True, slots=True)
class Change:
    """Only what `fields` names changes: title, description, price_minor, status."""

    fields: frozenset[str]
    title: str = ""
    description: str | None = None
    price_minor: int = 0
    status: Status | None = None
