"""Trending, an artist's tracks and search through the gateway, among few tracks and among very many."""

import itertools
import random
from dataclasses import dataclass
from urllib.parse import quote

from rich.console import Console

from gateway.contracts.discovery import hashid
from tests.load.figures import Figure, middle
from tests.load.filling import TOUCHED, Crowd
from tests.load.operating import Ran
from tests.load.serving import HELLO, Rounds, all_succeeded, compared, in_turn
from tests.load.stage import System
from tests.load.titles import SEED, queries
from tests.support.loadgen import Address, Outcome, closed, once, paced, request

FEW = 1_000
CLIENTS = 16
TRENDING = "GET /v1/tracks/trending?limit=100"
USER_TRACKS = "GET /v1/users/{id}/tracks"
SEARCH = "GET /v1/tracks/search?query="
# The promise of search: p99 under 30 ms at 20 requests a second on two cores; of trending: a page in under 20 ms.
PACE, PACED_SECONDS = 20.0, 40.0
SEARCH_MS, TRENDING_MS, RANKED_SECONDS = 30.0, 20.0, 10.0


@dataclass(frozen=True)
class Measured:
    """Of one number of tracks."""

    tracks: int
    rounds: dict[str, Rounds]
    searched: Outcome
    ranked: Outcome
    by_kind: dict[str, Outcome]
    ran: dict[str, Ran]


async def measure(system: System, simple: Address, tracks: int, seconds: float, console: Console) -> list[Figure]:
    """Fills the system twice: with few tracks, then with `tracks`."""
    crowd, measured = Crowd(system, console), []
    for count in (FEW, tracks):
        ran = await crowd.grow(count)
        measured.append(await _measure(system, simple, crowd, ran, seconds))
        console.print(f"  measured at {count:,}", highlight=False)
    few, many = measured
    figures = [figure for path in many.rounds for figure in _rates(path, few, many)]
    touched = await crowd.rank_again()
    return [*figures, _searched(many), _ranked(many), _touched(touched, many), *_commands(few, many)]


async def _measure(system: System, simple: Address, crowd: Crowd, ran: dict[str, Ran], seconds: float) -> Measured:
    typed = queries(crowd.titles, [owner.name for owner in crowd.owners])
    by_kind = {kind: [_search(query) for query in asked] for kind, asked in typed.items()}
    mixed = [sent for asked in by_kind.values() for sent in asked]
    random.Random(SEED).shuffle(mixed)
    turning = itertools.cycle(mixed)
    trending = request("GET", TRENDING.split()[1])
    user_tracks = request("GET", f"/v1/users/{hashid.encode(crowd.owners[0].number)}/tracks")
    asked = {TRENDING: lambda: trending, USER_TRACKS: lambda: user_tracks, SEARCH: lambda: next(turning)}
    rounds = {}
    for path, next_request in asked.items():
        pair = (system.address, next_request, simple, lambda: HELLO)
        await in_turn(*pair, seconds=1.0, clients=CLIENTS, rounds=1)
        rounds[path] = await in_turn(*pair, seconds=seconds, clients=CLIENTS)
        all_succeeded(rounds[path][0] + rounds[path][1])
    ranked = await closed(system.address, lambda: trending, clients=1, seconds=2 * seconds)
    searched = await paced(
        system.address, lambda: next(turning), per_second=PACE, seconds=PACED_SECONDS, clients=CLIENTS
    )
    each = {kind: await once(system.address, sent) for kind, sent in by_kind.items()}
    all_succeeded([ranked, searched, *each.values()])
    return Measured(crowd.size, rounds, searched, ranked, each, ran)


def _search(query: str) -> bytes:
    return request("GET", f"/v1/tracks/search?query={quote(query)}")


def _rates(path: str, few: Measured, many: Measured) -> list[Figure]:
    """At each number of tracks against the hello, and the one against the other."""
    each = [
        compared(f"{path}, {one.tracks:,} tracks", "FastAPI hello", one.rounds[path], "", []) for one in (few, many)
    ]
    before, after = (middle(o.per_second for o in one.rounds[path][0]) for one in (few, many))
    growth = f"{path}, {many.tracks:,} tracks", f"{after:.0f}/s", f"{few.tracks:,} tracks: {before:.0f}/s"
    return [*each, Figure(*growth, after / before, "")]


def _searched(many: Measured) -> Figure:
    kinds = ", ".join(f"{kind} {_ms(outcome, 50)}/{_ms(outcome, 100)}" for kind, outcome in many.by_kind.items())
    notes = [f"one at a time, p50/slowest in ms by what is typed: {kinds}"]
    name = f"search, {PACE:.0f} requests/s, {many.tracks:,} tracks"
    return _within(name, many.searched, SEARCH_MS, notes)


def _ranked(many: Measured) -> Figure:
    name = f"trending, a page of 100, one client, {many.tracks:,} tracks"
    return _within(name, many.ranked, TRENDING_MS, [])


def _touched(seconds: float, many: Measured) -> Figure:
    name = f"trending, {TOUCHED:,} tracks touched until ranked, {many.tracks:,} tracks"
    return Figure(name, f"{seconds:.1f} s", f"{RANKED_SECONDS:.0f} s", seconds / RANKED_SECONDS, "at most 1")


def _within(name: str, outcome: Outcome, promised_ms: float, notes: list[str]) -> Figure:
    ours = f"p50 {_ms(outcome, 50)} ms, p99 {_ms(outcome, 99)} ms"
    ratio = outcome.percentile(99) * 1000 / promised_ms
    return Figure(name, ours, f"p99 {promised_ms:.0f} ms", ratio, "at most 1", notes)


def _commands(few: Measured, many: Measured) -> list[Figure]:
    return [
        Figure(
            f"{name}, {many.tracks:,} tracks", _said(ran), f"{few.tracks:,} tracks: {_said(few.ran[name])}", None, ""
        )
        for name, ran in many.ran.items()
    ]


def _said(ran: Ran) -> str:
    return f"{ran.seconds:.0f} s, {ran.peak_mib:.0f} MiB at most"


def _ms(outcome: Outcome, percent: float) -> str:
    return f"{outcome.percentile(percent) * 1000:.1f}"
