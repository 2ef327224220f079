"""A session's refresh token, and what of sessions and accounts is revoked."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


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


@dataclass(frozen=True, slots=True)
class Revocations:
    session_ids: list[UUID]
    not_before: list[NotBefore]
    as_of: datetime
