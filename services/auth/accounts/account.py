"""What an account is: the row as the service knows it, and the names its parts go by."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

USER = "user"
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person of one tenant. Of a removed one only id, number and tenant remain."""

    id: UUID
    number: int
    tenant: str
    username: str | None
    email: str | None
    role: str
    bio: str | None
    avatar: str | None
    location: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    date_of_birth: date | None
    version: int
    is_removed: bool
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """The name to show: first and last name, else the user name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.username or ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and its password hash; partners' users have none."""

    account: Account
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class SignUp:
    """A person who signs up on the public tenant."""

    username: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user whom a partner's back end adds to its tenant. The date is as sent, in ISO 8601."""

    first_name: str
    last_name: str
    email: str
    date_of_birth: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as the gateway saw it."""

    ip_address: str = ""
    user_agent: str = ""
