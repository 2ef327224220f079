"""A tenant's credentials and the tokens that they give."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a partner's back end signs in with. The secret is shown once and kept by nobody but the partner."""

    tenant: str
    client_id: UUID
    client_secret: str


@dataclass(frozen=True, slots=True)
class Issued:
    token: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """A tenant's client, what its secret hashes to, and the database's time."""

    name: str
    client_id: UUID
    secret_hash: bytes
    read_at: datetime
