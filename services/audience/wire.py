"""What the messages of several nouns share."""

from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1 import likes_pb2
from soundstage.common.v1.common_pb2 import Ref

from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from services.audience.accounts.account import Name
from services.audience.changes import Key, MinuteChanges

MAX_MINUTES = 1440


def moment(value: Timestamp) -> datetime:
    """Raises Invalid for a time that no datetime can tell."""
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise Invalid("Malformed time") from None


def moments(values: Iterable[Timestamp]) -> list[datetime]:
    """Raises Invalid for more than the minutes of a day."""
    listed = [moment(value) for value in values]
    if len(listed) > MAX_MINUTES:
        raise Invalid(fields=[FieldError("minutes", f"must be at most {MAX_MINUTES}")])
    return listed


def account_name(sent: Ref) -> Name:
    """Raises Invalid when it names nothing."""
    if sent.WhichOneof("ref") == "number" and sent.number > 0:
        return sent.number
    return parse(sent.id, field="account")


def minute_changes(counts: Iterable[MinuteChanges]) -> list[likes_pb2.MinuteChanges]:
    return [
        likes_pb2.MinuteChanges(minute=timestamp(c.minute), count=c.count, version_sum=c.version_sum) for c in counts
    ]


def pair(first: str, second: str) -> Key | None:
    """A place in an export; None: its beginning."""
    return (parse(first), parse(second)) if first and second else None
