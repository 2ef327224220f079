"""The checker: what the writers were told against every figure of the system. It compares and knows no store."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from tests.chaos.ledger import Ledger, Outcome

MAX_NAMED = 3
_Key = TypeVar("_Key")
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """A play's row, in audience or in insights, which knows no key."""

    id: str
    user_id: str
    track_id: str
    day: date
    key: str = ""


@dataclass(frozen=True, slots=True)
class Public:
    """What anybody can read of a track by REST."""

    total_plays: int
    unique_listeners: int
    play_count: int
    like_count: int


@dataclass
class Evidence:
    """All that is known of the tracks that were played."""

    ledger: Ledger
    kept: list[Kept] = field(default_factory=list)
    counted: list[Kept] = field(default_factory=list)
    by_day: Mapping[tuple[str, date], int] = field(default_factory=dict)
    by_track: Mapping[str, int] = field(default_factory=dict)
    by_listener: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # (user, track) of likes that stand: audience's rows, insights' rows, and insights' totals.
    kept_likes: set[tuple[str, str]] = field(default_factory=set)
    counted_likes: set[tuple[str, str]] = field(default_factory=set)
    likes_by_track: Mapping[str, int] = field(default_factory=dict)
    public: Mapping[str, Public] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)  # outbox rows, by service
    poison: set[Place] = field(default_factory=set)
    dead: set[Place] = field(default_factory=set)


def broken(evidence: Evidence) -> list[str]:
    """Each promise that does not hold, in a sentence; none when all is well."""
    checks = (_answered, _acknowledged, _kept_once, _counted, _sums, _likes, _public, _quiet)
    return [sentence for check in checks for sentence in check(evidence)]


def _answered(e: Evidence) -> Iterator[str]:
    """No play of theirs was wrong, so none may be refused: what cannot be done now is 503, or no answer."""
    refused = (a for a in e.ledger.attempts if a.outcome is Outcome.FAILED)
    yield from _any("plays were refused", (f"{a.key} {a.statuses} {a.said}" for a in refused))


def _acknowledged(e: Evidence) -> Iterator[str]:
    kept = Counter(play.key for play in e.kept)
    attempts = {attempt.key: attempt for attempt in e.ledger.attempts}
    by_outcome = {o: [k for k, a in attempts.items() if a.outcome is o] for o in Outcome}
    yield from _any("acknowledged plays are not kept", (k for k in by_outcome[Outcome.OK] if not kept[k]))
    yield from _any("plays were refused and are kept", (k for k in by_outcome[Outcome.FAILED] if kept[k]))
    yield from _any("plays are kept that nobody sent", (k for k in kept if k not in attempts))
    yield from _any("keys are kept more than once", (k for k, times in kept.items() if times > 1))
    yield from _any("keys answered as several plays", (k for k, a in attempts.items() if len(a.play_ids) > 1))
    answered = {k: next(iter(a.play_ids)) for k, a in attempts.items() if a.play_ids}
    yield from _any(
        "plays are kept under another id than answered",
        (p.key for p in e.kept if answered.get(p.key, p.id) != p.id),
    )


def _kept_once(e: Evidence) -> Iterator[str]:
    for name, plays in (("kept", e.kept), ("counted", e.counted)):
        yield from _any(f"ids are {name} twice", (id for id, n in Counter(p.id for p in plays).items() if n > 1))


def _counted(e: Evidence) -> Iterator[str]:
    kept, counted = ({(p.id, p.user_id, p.track_id, p.day) for p in plays} for plays in (e.kept, e.counted))
    yield from _any("kept plays are not counted", (row[0] for row in kept - counted))
    yield from _any("counted plays are not kept", (row[0] for row in counted - kept))


def _sums(e: Evidence) -> Iterator[str]:
    yield from _differing("by track and day", Counter((p.track_id, p.day) for p in e.kept), e.by_day)
    yield from _differing("by track", Counter(p.track_id for p in e.kept), e.by_track)
    yield from _differing("by listener", Counter((p.track_id, p.user_id) for p in e.kept), e.by_listener)


def _likes(e: Evidence) -> Iterator[str]:
    certain = [it for it in e.ledger.likings if it.is_certain]
    yield from _any(
        "likes are not as they were answered",
        (f"{it.user_id} {it.track_id}" for it in certain if it.is_liked != ((it.user_id, it.track_id) in e.kept_likes)),
    )
    yield from _any("likes differ between audience and insights", map(str, e.kept_likes ^ e.counted_likes))
    yield from _differing("of likes", Counter(track_id for _, track_id in e.kept_likes), e.likes_by_track)


def _public(e: Evidence) -> Iterator[str]:
    plays = Counter(play.track_id for play in e.kept)
    listeners = Counter(track_id for _, track_id in {(play.user_id, play.track_id) for play in e.kept})
    likes = Counter(track_id for _, track_id in e.kept_likes)
    for id, seen in e.public.items():
        wanted = Public(plays[id], listeners[id], plays[id], likes[id])
        if seen != wanted:
            yield f"track {id} shows {seen} instead of {wanted}"


def _quiet(e: Evidence) -> Iterator[str]:
    yield from (f"{count} events wait in the outbox of {name}" for name, count in e.waiting.items() if count)
    yield from _any("malformed records are no dead letters", map(str, e.poison - e.dead))
    yield from _any("dead letters are not from poison", map(str, e.dead - e.poison))


def _differing(what: str, rows: Mapping[_Key, int], sums: Mapping[_Key, int]) -> Iterator[str]:
    wrong = [k for k in rows.keys() | sums.keys() if rows.get(k, 0) != sums.get(k, 0)]
    yield from _any(f"sums {what} are not those of the rows", (f"{k}: {sums.get(k)} of {rows.get(k)}" for k in wrong))


def _any(what: str, found: Iterable[str]) -> Iterator[str]:
    listed = list(found)
    if listed:
        yield f"{len(listed)} {what}: {', '.join(listed[:MAX_NAMED])}"
