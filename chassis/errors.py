"""The errors that domains raise, in all services.

Each has a stable `reason` for programs and a message that is safe to show. Any other exception becomes Internal: logged
with its trace, shown without detail.
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field; `field` is a dotted path, empty for the whole body."""

    field: str
    message: str


class Error(Exception):
    default_reason: ClassVar[str] = "INTERNAL"
    default_message: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "",
        fields: Iterable[FieldError] = (),
        retry_after_seconds: float = 0.0,
    ) -> None:
        self.message = message or self.default_message
        self.reason = reason or self.default_reason
        self.fields = tuple(fields)
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)


class NotFound(Error):
    default_reason = "NOT_FOUND"
    default_message = "Resource not found"


class AlreadyExists(Error):
    default_reason = "ALREADY_EXISTS"
    default_message = "It already exists"


class Invalid(Error):
    default_reason = "INVALID"
    default_message = "Validation failed"


class Unauthenticated(Error):
    default_reason = "UNAUTHENTICATED"
    default_message = "Missing or invalid authentication"


class Forbidden(Error):
    default_reason = "FORBIDDEN"
    default_message = "Insufficient permissions"


class Conflict(Error):
    default_reason = "CONFLICT"
    default_message = "The resource is in the wrong state for this"


class RateLimited(Error):
    default_reason = "RATE_LIMITED"
    default_message = "Rate limit exceeded"


class Unavailable(Error):
    """Something that this needs is down. Nothing was done, or repeating it is safe."""

    default_reason = "UNAVAILABLE"
    default_message = "Try again in a moment"


class Internal(Error):
    pass
