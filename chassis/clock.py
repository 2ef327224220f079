"""The one wall clock, protobuf timestamps, and the time left for the current call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import overload

from google.protobuf.timestamp_pb2 import Timestamp

_shift = timedelta()
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def utc_now() -> datetime:
    return datetime.now(UTC) + _shift


@overload
def timestamp(moment: datetime) -> Timestamp: ...
@overload
def timestamp(moment: datetime | None) -> Timestamp | None: ...
def timestamp(moment: datetime | None) -> Timestamp | None:
    """`moment` as protobuf; None leaves the field unset."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def shift(seconds: float) -> None:
    """Makes this process's clock wrong by `seconds`, to prove that counting does not depend on it."""
    global _shift
    _shift = timedelta(seconds=seconds)


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Within the block, all calls to other services share `seconds`; a shorter outer budget still applies."""
    token = _deadline.set(monotonic() + remaining(seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(default_seconds: float) -> float:
    """Seconds left in the budget: at most `default_seconds`, at least 0."""
    deadline = _deadline.get()
    return default_seconds if deadline is None else max(0.0, min(default_seconds, deadline - monotonic()))
