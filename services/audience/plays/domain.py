"""A play is kept once: under its id however often a group is sent, under its key for ever."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from chassis import telemetry
from chassis.errors import Unavailable
from chassis.postgres import Connection, Database
from services.audience import events
from services.audience.accounts.domain import Accounts
from services.audience.plays import store
from services.audience.plays.play import Item, MinuteCount, Outcome, Play
from services.audience.sealing import SEALED_AFTER, minute_of
from services.audience.tracks import store as tracks_store
from services.audience.tracks.domain import Tracks
from services.audience.tracks.track import Track

BATCH = 2000
FIRST_ID = UUID(int=0)

Outcomes = dict[UUID, Outcome]

NOT_FOUND = Outcome(refused="NOT_FOUND")
FORBIDDEN = Outcome(refused="FORBIDDEN")
NOT_COMPLETED = Outcome(refused="CONFLICT")
KEY_REUSED = Outcome(refused="IDEMPOTENCY_KEY_REUSED")
UNAVAILABLE = Outcome(refused="UNAVAILABLE")
# Refusals from the copy of tracks; catalog may know better.
REFUSED_BY_COPY = {outcome.refused for outcome in (NOT_FOUND, FORBIDDEN, NOT_COMPLETED)}


class Plays:
    def __init__(self, database: Database, tracks: Tracks, accounts: Accounts) -> None:
        self._database = database
        self._tracks = tracks
        self._accounts = accounts

    async def record(self, items: Sequence[Item]) -> list[Outcome]:
        """Records what may be recorded, in one transaction; returns the outcomes in order. Raises Unavailable."""
        outcomes = await self._refuse_reporters(items)
        items_left = [item for item in items if item.id not in outcomes]
        outcomes |= await self._keep(items_left)
        if doubtful := [item for item in items_left if outcomes[item.id].refused in REFUSED_BY_COPY]:
            outcomes |= await self._ask_and_keep(doubtful)
        return [outcomes[item.id] for item in items]

    async def count_minutes(self, since: datetime, until: datetime) -> list[MinuteCount]:
        """Returns sealed, non-empty minutes: how many plays arrived in each."""
        async with self._database.connection() as conn:
            return await store.count_minutes(conn, since, until, SEALED_AFTER)

    async def resend_minutes(self, minutes: Iterable[datetime]) -> int:
        """Publishes the plays of these minutes again, under their own ids; a minute is one transaction."""
        sent = 0
        for minute in sorted({minute_of(minute) for minute in minutes}):
            async with self._database.transaction() as conn:
                async for plays in store.each_received_in(conn, minute, BATCH):
                    await self._database.add_events(conn, [events.play_recorded(play) for play in plays])
                    sent += len(plays)
        return sent

    async def export(self, after: UUID | None) -> AsyncIterator[list[Play]]:
        """All plays after `after`, in order of id, in batches; no transaction is held open meanwhile."""
        place = after or FIRST_ID
        while True:
            async with self._database.connection() as conn:
                plays = await store.list_after(conn, place, BATCH)
            if not plays:
                return
            yield plays
            place = plays[-1].id

    async def _refuse_reporters(self, items: Sequence[Item]) -> Outcomes:
        """Refusals that depend only on the reporter: another user's play, or a caller that is no user."""
        outcomes = {item.id: FORBIDDEN for item in items if item.is_for_another}
        named = [i for i in items if i.user_id and not i.is_authenticated and i.id not in outcomes]
        if not named:
            return outcomes
        try:
            known = await self._accounts.find({item.user_id for item in named if item.user_id})
        except Unavailable:
            return outcomes | {item.id: UNAVAILABLE for item in named}
        return outcomes | {item.id: NOT_FOUND for item in named if item.user_id not in known}

    async def _ask_and_keep(self, items: Sequence[Item]) -> Outcomes:
        """Asks catalog about what the copy refused; while catalog is down, nobody knows."""
        try:
            await self._tracks.ask({item.track_id for item in items})
        except Unavailable:
            return {item.id: UNAVAILABLE for item in items}
        # Also if another call has just asked: its answer may have come after we read the copy.
        return await self._keep(items)

    async def _keep(self, items: Sequence[Item]) -> Outcomes:
        if not items:
            return {}
        async with self._database.transaction() as conn:
            tracks, now = await tracks_store.get_many(conn, {item.track_id for item in items})
            outcomes = {item.id: judge(item, tracks.get(item.track_id), now) for item in items}
            allowed = {item.id: item for item in items if not outcomes[item.id].refused}
            new = await self._add(conn, [(item, tracks[item.track_id]) for item in allowed.values()], now)
            if others := [item for item in items if item.id not in new]:
                outcomes |= recall(others, outcomes, await store.get_firsts(conn, others))
        return outcomes

    async def _add(self, conn: Connection, items: Sequence[tuple[Item, Track]], now: datetime) -> set[UUID]:
        """Returns the ids of the plays that are new."""
        if not items:
            return set()
        plays = [Play.of(item, track, now) for item, track in items]
        new = await store.add(conn, plays)
        added = [
            events.play_recorded(play, traceparent=_traced(item))
            for play, (item, _) in zip(plays, items, strict=True)
            if play.id in new
        ]
        await self._database.add_events(conn, added, wake=False)  # decision 0005
        return new


def _traced(item: Item) -> str:
    """The event's trace context: a span of ours in the trace of the item's own request, if that is sampled."""
    if not item.traceparent.endswith("-01"):
        return item.traceparent
    with telemetry.span("record play", parent=item.traceparent):
        return telemetry.traceparent()


def judge(item: Item, track: Track | None, now: datetime) -> Outcome:
    """Whether the play may be recorded, as far as the copy of tracks knows."""
    if track is None or track.is_removed:
        return NOT_FOUND
    if not track.is_open_to(item.caller):
        return FORBIDDEN
    return Outcome(item.id, now) if track.is_completed else NOT_COMPLETED


def recall(items: Iterable[Item], outcomes: Outcomes, firsts: Iterable[Play]) -> Outcomes:
    """The earlier outcomes of repeated items; they count even if the track is refused by now."""
    by_id = {play.id: play for play in firsts}
    by_key = {(play.user_id, play.is_authenticated, play.key): play for play in by_id.values() if play.key}
    recalled = {}
    for item in items:
        first = by_id.get(item.id) or (
            by_key.get((item.user_id, item.is_authenticated, item.key)) if item.key else None
        )
        if first is None:
            recalled[item.id] = outcomes[item.id] if outcomes[item.id].refused else UNAVAILABLE
        elif first.id != item.id and first.fingerprint != item.fingerprint:
            recalled[item.id] = KEY_REUSED
        else:
            recalled[item.id] = Outcome(first.id, first.received_at)
    return recalled
