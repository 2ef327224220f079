"""What the messages of several nouns share."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1 import likes_pb2

from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from chassis.principal import allow_services
from services.audience.changes import Changes, MinuteChanges, State

MAX_MINUTES = 1440


def moment(value: Timestamp) -> datetime:
    """Raises Invalid for a time outside of what a datetime holds."""
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


@dataclass(frozen=True)
class Answers(Generic[State]):
    """One noun's messages about its changes; they differ from the other nouns' only in name."""

    counted: Callable[..., Any]
    resent: Callable[..., Any]
    exported: Callable[[list[State]], Any]


class ChangesRpc(Generic[State]):
    """The RPCs of a noun's `Changes`."""

    def __init__(self, changes: Changes[State], answers: Answers[State]) -> None:
        self._changes = changes
        self._answers = answers

    @allow_services
    async def CountChanges(self, request: Any, context: Any) -> Any:
        counts = await self._changes.count(moment(getattr(request, "from")), moment(request.to))
        return self._answers.counted(minutes=map(_minute, counts))

    @allow_services
    async def ResendChanges(self, request: Any, context: Any) -> Any:
        return self._answers.resent(events=await self._changes.resend(moments(request.minutes)))

    @allow_services
    async def Export(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """The request's two fields are the key to resume after; empty: from the start."""
        first, second = (getattr(request, field.name) for field in request.DESCRIPTOR.fields)
        after = (parse(first), parse(second)) if first and second else None
        async for states in self._changes.export(after):
            yield self._answers.exported(states)


def _minute(counted: MinuteChanges) -> likes_pb2.MinuteChanges:
    return likes_pb2.MinuteChanges(
        minute=timestamp(counted.minute), count=counted.count, version_sum=counted.version_sum
    )
