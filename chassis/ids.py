"""UUIDv7 (RFC 9562): unique without asking anyone, and in order of time."""

from uuid import UUID

from uuid_utils.compat import uuid7

from chassis.errors import FieldError, Invalid


def new_id() -> UUID:
    return uuid7()


def parse(text: str, *, field: str = "id") -> UUID:
    """The id that `text` spells; Invalid names `field` when it spells none."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("Malformed id", fields=(FieldError(field, "must be a UUID"),)) from None
