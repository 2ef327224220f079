"""Plays on the wire."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any
from uuid import UUID

from soundstage.audience.v1 import plays_pb2 as pb
from soundstage.audience.v1.plays_pb2_grpc import PlaysServiceServicer

from chassis import principal
from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from chassis.principal import allow_services
from services.audience.events import play_value
from services.audience.plays.domain import Plays
from services.audience.plays.play import Item, Outcome
from services.audience.wire import moment, moments

MAX_ITEMS = 1000
MALFORMED = Outcome(refused="INVALID")

# The same callers recur; the cache's key is their serialized message.
_caller_of = lru_cache(maxsize=10_000)(principal.decode)


class PlaysRpc(PlaysServiceServicer):
    def __init__(self, plays: Plays) -> None:
        self._plays = plays

    @allow_services
    async def RecordPlays(self, request: pb.RecordPlaysRequest, context: Any) -> pb.RecordPlaysResponse:
        if len(request.items) > MAX_ITEMS:
            raise Invalid(fields=[FieldError("items", f"must be at most {MAX_ITEMS}")])
        items = [_item(message) for message in request.items]
        recorded = iter(await self._plays.record([item for item in items if item]))
        return pb.RecordPlaysResponse(
            outcomes=[_outcome(next(recorded) if item else MALFORMED) for item in items],
        )

    @allow_services
    async def CountMinutes(self, request: pb.CountPlayMinutesRequest, context: Any) -> pb.CountPlayMinutesResponse:
        counts = await self._plays.count_minutes(moment(getattr(request, "from")), moment(request.to))
        return pb.CountPlayMinutesResponse(
            minutes=[pb.MinuteCount(minute=timestamp(c.minute), count=c.count) for c in counts]
        )

    @allow_services
    async def ResendMinutes(self, request: pb.ResendPlayMinutesRequest, context: Any) -> pb.ResendPlayMinutesResponse:
        return pb.ResendPlayMinutesResponse(events=await self._plays.resend_minutes(moments(request.minutes)))

    @allow_services
    async def Export(self, request: pb.ExportPlaysRequest, context: Any) -> AsyncIterator[pb.ExportPlaysResponse]:
        async for plays in self._plays.export(parse(request.after_id) if request.after_id else None):
            yield pb.ExportPlaysResponse(plays=map(play_value, plays))


def _item(message: pb.PlayItem) -> Item | None:
    """None if it is malformed: the others of its group must not suffer."""
    try:
        user_id = UUID(message.user_id) if message.user_id else None
        is_keyed = bool(user_id and message.idempotency_key)
        return Item(
            id=UUID(message.id),
            caller=_caller_of(message.principal) if message.principal else principal.ANONYMOUS,
            track_id=UUID(message.track_id),
            user_id=user_id,
            seconds=message.seconds if message.HasField("seconds") else None,
            device=message.device if message.HasField("device") else None,
            source=message.source,
            key=message.idempotency_key if is_keyed else None,
            fingerprint=message.fingerprint if is_keyed else None,
            traceparent=message.traceparent,
        )
    except (ValueError, Invalid):
        return None


def _outcome(outcome: Outcome) -> pb.PlayOutcome:
    if outcome.id is None or outcome.recorded_at is None:
        return pb.PlayOutcome(refused=outcome.refused)
    return pb.PlayOutcome(id=str(outcome.id), recorded_at=timestamp(outcome.recorded_at))
