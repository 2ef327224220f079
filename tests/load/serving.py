"""Plays, a track and a segment through the gateway, each in turn with what it is measured against."""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.load import stage
from tests.load.figures import Figure, middle
from tests.load.stage import Cpu, System, bearer
from tests.support.loadgen import Address, NextRequest, Outcome, closed, paced, request
from tests.support.people import Person

CLIENTS = 64
ROUNDS = 3
SEGMENT_BYTES = 128 * 1024
SEGMENT_CLIENTS = 16
Rounds = tuple[list[Outcome], list[Outcome]]
HELLO = request("GET", "/hello")
PLAY = b'{"duration":120,"device":"Chrome Browser"}'


async def measure_plays(system: System, simple: Address, listener: Person, track: str, seconds: float) -> Figure:
    ours_sent = request("POST", f"/api/v1/tracks/{track}/play", headers=bearer(listener), body=PLAY)
    simple_sent = request("POST", f"/tracks/{track}/play", body=PLAY)
    pair = (system.address, lambda: ours_sent, simple, lambda: simple_sent)
    await in_turn(*pair, seconds=1.0, rounds=1)
    cpu = Cpu(system.processes)
    rounds = await in_turn(*pair, seconds=seconds)
    all_succeeded(rounds[0] + rounds[1])
    where = _where(cpu.spent(), sum(outcome.succeeded for outcome in rounds[0]))
    waiting = await _at_half_rate(system.address, ours_sent, rounds[0], seconds)
    return compared("plays acknowledged, 64 clients", "FastAPI + asyncpg INSERT", rounds, "1.3", [where, waiting])


async def measure_reads(system: System, simple: Address, reader: Person, track: str, seconds: float) -> Figure:
    ours_sent = request("GET", f"/api/v1/tracks/{track}", headers=bearer(reader))
    pair = (system.address, lambda: ours_sent, simple, lambda: HELLO)
    await in_turn(*pair, seconds=1.0, rounds=1)
    cpu = Cpu(system.processes)
    rounds = await in_turn(*pair, seconds=seconds)
    all_succeeded(rounds[0] + rounds[1])
    where = _where(cpu.spent(), sum(outcome.succeeded for outcome in rounds[0]))
    return compared("GET /api/v1/tracks/{id}, 64 clients", "FastAPI hello", rounds, "0.4", [where])


async def measure_segments(system: System, track: dict[str, str], seconds: float) -> Figure:
    """A file laid beside the segments of a track, under the signature of its folder."""
    name = "MB/s of 128 KiB segments, 16 clients"
    executable = shutil.which("nginx")
    if executable is None:
        return Figure(name, "", "", None, "", ["skipped: there is no nginx on this machine"])
    path = urlsplit(track["hls_url"]).path.rpartition("/")[0] + "/bench.m4s"
    segment = os.urandom(SEGMENT_BYTES)
    (system.home.root / "objects" / path.split("/", 3)[3]).write_bytes(segment)
    with tempfile.TemporaryDirectory(prefix="soundstage-segment-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "bench.m4s").write_bytes(segment)
        with stage.nginx(executable, Path(folder)) as simple:
            ours_sent, simple_sent = request("GET", path), request("GET", "/bench.m4s")
            pair = (system.address, lambda: ours_sent, simple, lambda: simple_sent)
            ours, theirs = await in_turn(*pair, seconds=seconds, clients=SEGMENT_CLIENTS)
    all_succeeded(ours + theirs)
    mine, other = (middle(o.megabytes_per_second for o in outcomes) for outcomes in (ours, theirs))
    return Figure(name, f"{mine:.0f} MB/s", f"nginx {other:.0f} MB/s", mine / other, "")


async def in_turn(
    ours: Address,
    ours_next: NextRequest,
    theirs: Address,
    theirs_next: NextRequest,
    *,
    seconds: float,
    clients: int = CLIENTS,
    rounds: int = ROUNDS,
) -> Rounds:
    """Rounds one after the other, so that what the machine does beside it meets both."""
    mine, others = [], []
    for _ in range(rounds):
        mine.append(await closed(ours, ours_next, clients=clients, seconds=seconds))
        others.append(await closed(theirs, theirs_next, clients=clients, seconds=seconds))
    return mine, others


def compared(
    name: str, against: str, rounds: tuple[list[Outcome], list[Outcome]], aim: str, notes: list[str]
) -> Figure:
    mine, other = (middle(o.per_second for o in outcomes) for outcomes in rounds)
    p99 = middle(o.percentile(99) for o in rounds[0]) * 1000
    return Figure(name, f"{mine:.0f}/s (p99 {p99:.0f} ms)", f"{against} {other:.0f}/s", mine / other, aim, notes)


async def _at_half_rate(address: Address, sent: bytes, rounds: list[Outcome], seconds: float) -> str:
    """How long one waits while the system is half busy; above, 64 clients wait for each other."""
    rate = middle(o.per_second for o in rounds) / 2
    outcome = await paced(address, lambda: sent, per_second=rate, seconds=seconds, clients=CLIENTS)
    all_succeeded([outcome])
    p50, p99 = (outcome.percentile(percent) * 1000 for percent in (50, 99))
    return f"at {rate:.0f}/s, half of that, acknowledged within {p50:.1f} ms (p50), {p99:.1f} ms (p99)"


def all_succeeded(outcomes: list[Outcome]) -> None:
    """A refusal is quick to give; figures with one in them are worth nothing."""
    for outcome in outcomes:
        if outcome.others or not outcome.succeeded:
            raise RuntimeError(f"not every request succeeded: {dict(outcome.statuses)}")


def _where(spent: dict[str, float], requests: int) -> str:
    """Over the rounds of both sides: a process that only the other side keeps busy shows here too."""
    costly = sorted(((s / requests * 1e6, name) for name, s in spent.items()), reverse=True)
    parts = ", ".join(f"{name} {microseconds:.0f}" for microseconds, name in costly if microseconds >= 5)
    return f"CPU in microseconds a request of ours, by process: {parts}"
