"""`make bench`: how fast the house is against the simplest thing that does the same, as a table of ratios from one run.

Everything is on this machine and on free ports. A run takes about four minutes, and twenty more with `discovery`, which
fills the house with a million tracks (`--tracks`). `--json FILE` keeps the figures.
"""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
import uvloop
from rich.console import Console

from tests.load import counting, discovering, serving, stage, transcoding
from tests.load.figures import Figure, as_json, show
from tests.load.stage import House
from tests.support import audio
from tests.support.loadgen import Address
from tests.support.people import Person

SIMPLE = "bench_simple"
TRACK_SECONDS = 180.0
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
PARTS = ("plays", "reads", "segments", "topic", "rebuild", "discovery", "transcoding")


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
        figures += await _measure_in_house(parts, seconds, tracks, console)
    return figures


async def _measure_in_house(parts: list[str], seconds: float, tracks: int, console: Console) -> list[Figure]:
    console.print("starting the house ...")
    with stage.house() as house:
        artist, listener, track = _release(house)
        await _make_database(house)
        with stage.baseline(house.database_url(SIMPLE)) as (simple, _):
            figures = []
            for part, run in _runs(house, simple, (artist, listener, track), seconds).items():
                if part in parts:
                    console.print(f"{part} ...")
                    figures.append(await run())
            if "discovery" in parts:  # the last: after it the house is another
                console.print("discovery ...")
                figures += await discovering.measure(house, simple, tracks, seconds, console)
    return figures


def _runs(
    house: House, simple: Address, known: tuple[Person, Person, dict[str, str]], seconds: float
) -> dict[str, Callable[[], Awaitable[Figure]]]:
    artist, listener, track = known
    return {
        "plays": lambda: serving.measure_plays(house, simple, listener, track["id"], seconds),
        "reads": lambda: serving.measure_reads(house, simple, listener, track["id"], seconds),
        "segments": lambda: serving.measure_segments(house, track, seconds),
        "topic": lambda: counting.measure_topic(house, track["id"], artist.id),
        "rebuild": lambda: counting.measure_rebuild(house),
    }


def _release(house: House) -> tuple[Person, Person, dict[str, str]]:
    """An artist with a track that is ready, and somebody who listens."""
    artist, listener = house.stage.person("artist"), house.stage.person("listener")
    with tempfile.TemporaryDirectory(prefix="soundstage-tune-") as folder:
        track = artist.release(audio.make(Path(folder) / "tune.flac", TRACK_SECONDS), title="Bench", is_public="true")
    listener.play(track["id"])  # says what is wrong, if it is; the load generator only counts
    return artist, listener, track


async def _make_database(house: House) -> None:
    conn = await asyncpg.connect(house.database_url("postgres"))
    try:
        await conn.execute(f'CREATE DATABASE "{SIMPLE}"')
    finally:
        await conn.close()


if __name__ == "__main__":
    app()
