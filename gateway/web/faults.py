"""Errors found in a request before any service is asked; all others are in chassis.errors."""

from math import ceil
from typing import TYPE_CHECKING

from chassis import errors
from chassis.errors import FieldError

if TYPE_CHECKING:
    from gateway.contract import Contract


class Malformed(errors.Invalid):
    """A path id, query parameter, header or body that cannot be read at all."""

    default_reason = "MALFORMED"
    default_message = "The request is malformed"

    @classmethod
    def at(cls, field: str, message: str) -> "Malformed":
        return cls(f"{field} {message}", fields=(FieldError(field, message),))


class TooLarge(errors.Invalid):
    default_reason = "TOO_LARGE"
    default_message = "The body is too large"


class UnsupportedMedia(errors.Invalid):
    default_reason = "UNSUPPORTED_MEDIA"
    default_message = "This media type is not supported"


class RangeNotSatisfiable(errors.Invalid):
    default_reason = "RANGE_NOT_SATISFIABLE"
    default_message = "The range begins past the end of the file"

    def __init__(self, total_bytes: int) -> None:
        super().__init__()
        self.total_bytes = total_bytes


class MethodNotAllowed(errors.Error):
    default_reason = "METHOD_NOT_ALLOWED"
    default_message = "This path does not support this method"

    def __init__(self, allow: str, owner: "Contract | None" = None) -> None:
        """`owner`: the contract that declares the path."""
        super().__init__()
        self.allow, self.owner = allow, owner


class NotBuilt(errors.Error):
    """An operation that its contract declares and the gateway does not implement yet."""

    default_reason = "NOT_BUILT"
    default_message = "This operation is not implemented yet"


def retry_after_seconds(error: errors.Error) -> int:
    """Whole seconds to wait, at least one."""
    return max(1, ceil(error.retry_after_seconds))


def headers(error: errors.Error, status: int) -> dict[str, str]:
    """The headers that HTTP requires of an error in any contract (RFC 9110, 10.2.1, 10.2.3 and 11.6.1)."""
    if isinstance(error, MethodNotAllowed):
        return {"allow": error.allow}
    if status == 401:
        return {"www-authenticate": "Bearer"}
    if status in (429, 503):
        return {"retry-after": str(retry_after_seconds(error))}
    return {}
