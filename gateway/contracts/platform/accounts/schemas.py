"""Bodies and queries of accounts."""

from typing import Annotated

from pydantic import StringConstraints, ValidationInfo, field_validator

from gateway.contracts.platform.fields import ChangeBody, Text
from gateway.web.fields import NO_CONTROLS, NO_NUL, pattern
from gateway.web.reading import Body, Query

_USERNAME = pattern(
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]{2,29}$",
    "must contain only ASCII letters, digits, _, . and -, and not start with . or -",
)
_EMAIL = pattern(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
    "must be an email address, such as name@example.com",
)
_AVATAR = pattern(
    r"^https://[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"(:[0-9]{1,5})?(/([A-Za-z0-9._~/-]|%[0-9A-Fa-f]{2})*)?$",
    "must be an https URL without a query or fragment",
)

Username = Annotated[str, StringConstraints(min_length=3, max_length=30, pattern=_USERNAME)]
# Phones put a space behind a completed address.
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=_EMAIL)]
Line = Annotated[str, StringConstraints(max_length=100, pattern=NO_CONTROLS)]
Avatar = Annotated[str, StringConstraints(max_length=2048, pattern=_AVATAR)]


class RegisterInput(Body):
    username: Username
    email: Email
    password: Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=NO_NUL)]
    password_confirm: Annotated[str, StringConstraints(max_length=128)]

    @field_validator("password_confirm")
    @classmethod
    def _repeats_the_password(cls, value: str, others: ValidationInfo) -> str:
        if value != others.data.get("password", value):
            raise ValueError("must be the same as password")
        return value


class LoginInput(Body):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254, pattern=NO_NUL)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NO_NUL)]
    remember_me: bool = False


class RefreshInput(Body):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=NO_NUL)]


class ProfileInput(ChangeBody):
    username: Username = ""
    bio: Text | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    location: Line | None = None
    gender: Line | None = None
    avatar: Avatar | None = None


class UsernameQuery(Query):
    username: Username
