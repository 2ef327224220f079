"""A session's refresh token, and what of sessions and accounts is revoked."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chassis.errors import FieldError, Invalid


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as it stands, locked."""

    hash: bytes
    session_id: UUID
    account_id: UUID
    is_used: bool
    is_repeatable: bool
    successor: bytes | None
    is_expired: bool
    is_ended: bool


class NotBefore(NamedTuple):
    account_id: UUID
    moment: datetime


class Place(NamedTuple):
    """Where a page of revocations ends: ended sessions come first, then accounts; each list by moment and id."""

    is_account: bool
    moment: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{'account' if self.is_account else 'session'} {self.moment.isoformat()} {self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """From its text. Raises Invalid."""
        try:
            kind, moment, id = text.split(" ")
            return cls({"session": False, "account": True}[kind], datetime.fromisoformat(moment), UUID(id))
        except (ValueError, KeyError):
            raise Invalid(fields=[FieldError("page", "must be the next_page of an answer")]) from None


@dataclass(frozen=True, slots=True)
class Revocations:
    session_ids: list[UUID]
    not_before: list[NotBefore]
    as_of: datetime
    # Where the next page starts; None after the last.
    next: Place | None
