"""Ids: UUIDv7 (RFC 9562), unique without asking anyone and in order of time, and things named by UUID or number."""

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
    """A thing by one of its two names: its UUID or its number."""

    id: UUID | None = None
    number: int | None = None

    @classmethod
    def of(cls, message: RefMessage, *, field: str = "id") -> "Ref":
        """The name in a message. Raises Invalid when there is none."""
        if message.id:
            return cls(id=parse(message.id, field=field))
        if message.number > 0:
            return cls(number=message.number)
        raise Invalid("Malformed id", fields=[FieldError(field, "must be a UUID or a positive number")])

    @property
    def fields(self) -> RefFields:
        """What a `Ref` message of it is made of."""
        return {"id": str(self.id)} if self.id else {"number": self.number or 0}


def new_id() -> UUID:
    return uuid7()


def parse(text: str, *, field: str = "id") -> UUID:
    """The id that `text` spells; Invalid names `field` when it spells none."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("Malformed id", fields=(FieldError(field, "must be a UUID"),)) from None
