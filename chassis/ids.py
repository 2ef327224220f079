"""Ids: UUIDv7 (RFC 9562), unique without coordination and ordered by time; and things named by UUID or number."""

from dataclasses import dataclass
from typing import Protocol, TypedDict
from uuid import UUID

from uuid_utils.compat import uuid7

from chassis.errors import FieldError, Invalid


class RefMessage(Protocol):
    """`soundstage.common.v1.Ref`, which chassis may not import."""

    id: str
    number: int


class RefFields(TypedDict, total=False):
    id: str
    number: int


@dataclass(frozen=True, slots=True)
class Ref:
    """A thing named by its UUID or by its number."""

    id: UUID | None = None
    number: int | None = None

    @classmethod
    def of(cls, message: RefMessage, *, field: str = "id") -> "Ref":
        """Reads a `Ref` message. Raises Invalid if it is empty."""
        if message.id:
            return cls(id=parse(message.id, field=field))
        if message.number > 0:
            return cls(number=message.number)
        raise Invalid("Malformed id", fields=[FieldError(field, "must be a UUID or a positive number")])

    @property
    def fields(self) -> RefFields:
        """The fields of its `Ref` message."""
        return {"id": str(self.id)} if self.id else {"number": self.number or 0}


def new_id() -> UUID:
    return uuid7()


def parse(text: str, *, field: str = "id") -> UUID:
    """Parses a UUID. Raises Invalid, which names `field`."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("Malformed id", fields=(FieldError(field, "must be a UUID"),)) from None
