"""Fields that contracts share: types for schemas, which read untrusted values, and what mappings show."""

import re
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import AfterValidator, BeforeValidator

JSON = dict[str, Any]
# What a text must be, by the pattern that it breaks; `reading.in_english` says it.
RULES: dict[str, str] = {}

_Items = TypeVar("_Items", bound=Sequence[Hashable])
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def pattern(expression: str, rule: str) -> str:
    """The expression, for a field's `pattern`; `rule` tells a user what to send."""
    RULES[expression] = rule
    return expression


NO_NUL = pattern(r"^[^\x00]*$", "must not contain NUL characters")
NO_CONTROLS = pattern(r"^[^\x00-\x1f\x7f]*$", "must not contain control characters")
NOT_BLANK = pattern(
    r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", "must not be blank or contain control characters"
)


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def between(lowest: int, highest: int) -> AfterValidator:
    def check(value: int) -> int:
        if not lowest <= value <= highest:
            raise ValueError(f"must be between {lowest} and {highest}")
        return value

    return AfterValidator(check)


def _uuid(text: str) -> str:
    if not is_uuid(text):
        raise ValueError("must be a UUID")
    return text.lower()


def _integer(value: Any) -> Any:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            raise ValueError("must be an integer")
        return int(value)
    return value


def _moment(value: Any) -> datetime:
    # A plus sign that was not escaped arrives as a space.
    text = str(value).replace(" ", "+")
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(_cut_fraction(text.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be an RFC 3339 time, such as 2025-01-31T12:00:00Z")


def _cut_fraction(text: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def _unique(items: _Items) -> _Items:
    if len(set(items)) < len(items):
        raise ValueError("must not contain duplicates")
    return items


# For queries and forms, where every value is text: plain decimal digits, and JSON's two words.
INTEGER = BeforeValidator(_integer)
BOOLEAN = BeforeValidator(lambda value: {"true": True, "false": False}.get(value, value))
UNIQUE = AfterValidator(_unique)
# In lower case.
Uuid = Annotated[str, AfterValidator(_uuid)]
# In UTC.
Moment = Annotated[datetime, BeforeValidator(_moment)]


def or_null(message: Message, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def moment(stamp: Timestamp) -> str:
    """RFC 3339 in UTC, ending in Z."""
    return stamp.ToJsonString()


def whole_seconds(milliseconds: int) -> int:
    """A half rounds up."""
    return (milliseconds + 500) // 1000
