"""What audience keeps of an account."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Account:
    id: UUID
    number: int
    tenant: str
    version: int
    is_removed: bool
