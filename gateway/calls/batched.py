"""Calls that requests share: each asks for one thing, and what is asked at the same time travels together."""

from collections.abc import Sequence
from typing import NamedTuple

from soundstage.audience.v1.plays_pb2 import PlayItem, PlayOutcome, RecordPlaysRequest
from soundstage.catalog.v1.people_pb2 import GetPersonBatchRequest, Person
from soundstage.catalog.v1.tracks_pb2 import GetTrackBatchRequest, GetTrackItem, GetTrackOutcome, Track

from chassis import errors, principal, telemetry
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE
from gateway.batch import Coalescer
from gateway.calls.services import Services
from gateway.calls.wire import ask, ref

_ANONYMOUS = principal.encode(ANONYMOUS)
# Why an item was refused, and the message for it; any other reason is Invalid.
_REFUSALS: dict[str, tuple[type[errors.Error], str]] = {
    errors.NotFound.default_reason: (errors.NotFound, ""),
    errors.Forbidden.default_reason: (errors.Forbidden, ""),
    errors.Conflict.default_reason: (errors.Conflict, "The track is not completed"),
    errors.Unavailable.default_reason: (errors.Unavailable, ""),
    "IDEMPOTENCY_IN_FLIGHT": (errors.Conflict, "A request with this key is still running"),
    "IDEMPOTENCY_KEY_REUSED": (errors.Invalid, "This key was used with another request"),
}


class _Wanted(NamedTuple):
    """One caller's track; equal ones of a group are asked for once."""

    track: str | int
    public_only: bool
    caller: bytes


class Batched:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._tracks = Coalescer("catalog.tracks", self._get_tracks)
        self._people = Coalescer("catalog.people", self._get_people)
        self._plays = Coalescer("audience.plays", self._record_plays)

    async def get_track(self, track: str | int, *, public_only: bool = False) -> Track:
        """One track, by UUID or number. NotFound, Forbidden, Unavailable."""
        caller = principal.current()
        wanted = _Wanted(track, public_only, _ANONYMOUS if caller is ANONYMOUS else principal.encode(caller))
        outcome = await self._tracks.ask(wanted)
        if outcome.WhichOneof("outcome") == "track":
            return outcome.track
        raise refusal(outcome.refused)

    async def get_person(self, person: str | int) -> Person | None:
        """One person's card, by UUID or number; None when unknown or removed."""
        return await self._people.ask(person)

    async def record_play(self, item: PlayItem) -> PlayOutcome:
        """Records one play of the caller; sets the item's id, principal and trace."""
        item.id = str(new_id())
        item.principal = principal.encode(principal.current())
        item.traceparent = telemetry.traceparent()
        outcome = await self._plays.ask(item)
        if outcome.refused:
            raise refusal(outcome.refused)
        return outcome

    async def _get_tracks(self, group: Sequence[_Wanted]) -> list[GetTrackOutcome]:
        places = {wanted: place for place, wanted in enumerate(dict.fromkeys(group))}
        items = [GetTrackItem(track=ref(w.track), public_only=w.public_only, principal=w.caller) for w in places]
        answer = await ask(self._services.tracks.GetBatch, GetTrackBatchRequest(items=items), caller=SERVICE)
        return [answer.outcomes[places[wanted]] for wanted in group]

    async def _get_people(self, group: Sequence[str | int]) -> list[Person | None]:
        request = GetPersonBatchRequest(people=[ref(name) for name in dict.fromkeys(group)])
        answer = await ask(self._services.people.GetBatch, request, caller=SERVICE)
        found: dict[str | int, Person] = {}
        for person in answer.people:
            found[person.id] = found[person.number] = person
        return [found.get(name) for name in group]

    async def _record_plays(self, group: Sequence[PlayItem]) -> Sequence[PlayOutcome]:
        answer = await ask(self._services.plays.RecordPlays, RecordPlaysRequest(items=group), caller=SERVICE)
        return list(answer.outcomes)


def refusal(reason: str) -> errors.Error:
    kind, message = _REFUSALS.get(reason, (errors.Invalid, ""))
    return kind(message, reason=reason)
