"""What the messages of several nouns share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import FieldError, Invalid
from chassis.ids import parse

MOST_MINUTES = 1440


def moment(value: Timestamp) -> datetime:
    """Raises Invalid for a time that no datetime can tell."""
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise Invalid("Malformed time") from None


def moments(values: Iterable[Timestamp]) -> list[datetime]:
    """Raises Invalid for more than the minutes of a day."""
    listed = [moment(value) for value in values]
    if len(listed) > MOST_MINUTES:
        raise Invalid(fields=[FieldError("minutes", f"must be at most {MOST_MINUTES}")])
    return listed


def pair(first: str, second: str) -> tuple[UUID, UUID] | None:
    """A place in an export; None: its beginning."""
    return (parse(first), parse(second)) if first and second else None
