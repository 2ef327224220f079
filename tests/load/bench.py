"""`make bench`: the system beside the simplest thing that does the same, as a table of ratios from one run.

Everything is on this machine and on free ports. A run takes about four minutes, and twenty more with `discovery`, which
fills the system with a million tracks (`--tracks`). `--json FILE` keeps the figures.
"""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
import uvloop
from rich.console import Console

from tests.load import counting, discovering, planting, serving, stage, transcoding
from tests.load.figures import Figure, as_json, show
from tests.load.stage import System
from tests.support import audio
from tests.support.loadgen import Address
from tests.support.people import Person

SIMPLE = "bench_simple"
TRACK_SECONDS = 180.0
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
PARTS = ("plays", "reads", "segments", "topic", "rebuild", "words", "discovery", "transcoding")


@app.command()
def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(PARTS)}; all without")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long each round of requests takes")] = 5.0,
    tracks: Annotated[int, typer.Option(min=2_000, help="How many tracks `discovery` fills in")] = 1_000_000,
    json: Annotated[Path | None, typer.Option(help="Keep the figures in this file too")] = None,
) -> None:
    if unknown := set(parts or ()) - set(PARTS):
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}")
    console = Console()
    figures = uvloop.run(measure(parts or list(PARTS), seconds, tracks, console))
    show(figures, console)
    if json is not None:
        json.write_text(as_json(figures) + "\n")


async def measure(parts: list[str], seconds: float, tracks: int, console: Console) -> list[Figure]:
    figures = []
    if "transcoding" in parts:
        console.print("transcoding ...")
        figures.append(await transcoding.measure())
    if set(parts) - {"transcoding"}:
        figures += await _measure_in_system(parts, seconds, tracks, console)
    return figures


async def _measure_in_system(parts: list[str], seconds: float, tracks: int, console: Console) -> list[Figure]:
    console.print("starting the system ...")
    with stage.system() as system:
        artist, listener, track = _release(system)
        await _make_database(system)
        with stage.baseline(system.database_url(SIMPLE)) as (simple, _):
            figures = []
            for part, run in _runs(system, simple, (artist, listener, track), seconds).items():
                if part in parts:
                    console.print(f"{part} ...")
                    figures.append(await run())
            if "words" in parts:
                console.print("words ...")
                figures += await planting.measure(system, system.stage.person("planter"))
            if "discovery" in parts:  # the last: after it the system is another
                console.print("discovery ...")
                figures += await discovering.measure(system, simple, tracks, seconds, console)
    return figures


def _runs(
    system: System, simple: Address, known: tuple[Person, Person, dict[str, str]], seconds: float
) -> dict[str, Callable[[], Awaitable[Figure]]]:
    artist, listener, track = known
    return {
        "plays": lambda: serving.measure_plays(system, simple, listener, track["id"], seconds),
        "reads": lambda: serving.measure_reads(system, simple, listener, track["id"], seconds),
        "segments": lambda: serving.measure_segments(system, track, seconds),
        "topic": lambda: counting.measure_topic(system, track["id"], artist.id),
        "rebuild": lambda: counting.measure_rebuild(system),
    }


def _release(system: System) -> tuple[Person, Person, dict[str, str]]:
    """An artist with a track that is ready, and somebody who listens."""
    artist, listener = system.stage.person("artist"), system.stage.person("listener")
    with tempfile.TemporaryDirectory(prefix="soundstage-tune-") as folder:
        track = artist.release(audio.make(Path(folder) / "tune.flac", TRACK_SECONDS), title="Bench", is_public="true")
    listener.play(track["id"])  # says what is wrong, if it is; the load generator only counts
    return artist, listener, track


async def _make_database(system: System) -> None:
    conn = await asyncpg.connect(system.database_url("postgres"))
    try:
        await conn.execute(f'CREATE DATABASE "{SIMPLE}"')
    finally:
        await conn.close()


if __name__ == "__main__":
    app()
