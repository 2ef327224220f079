"""What was measured, as a table of ratios and as JSON for `docs/performance.md`."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from chassis import clock


@dataclass(frozen=True)
class Figure:
    """`ratio` is ours to theirs, or ours to the aim where there is nothing beside it. Without `ours` it was skipped."""

    name: str
    ours: str
    theirs: str
    ratio: float | None
    aim: str
    notes: list[str] = field(default_factory=list)


def middle(rounds: Iterable[float]) -> float:
    """Rounds are taken in turn with what they are compared with; their median leaves out the odd one."""
    return median(rounds)


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} CPUs, {memory:.0f} GiB, {system}"


def show(figures: Iterable[Figure], console: Console) -> None:
    listed = list(figures)
    table = Table(title=f"Soundstage, {clock.utc_now():%Y-%m-%d}, {machine()}", title_justify="left")
    for column in ("measured", "ours", "against", "ratio", "aim"):
        table.add_column(column, justify="right" if column in ("ratio", "aim") else "left")
    for figure in listed:
        ratio = ("" if figure.ours else "skipped") if figure.ratio is None else _digits(figure.ratio)
        table.add_row(figure.name, figure.ours, figure.theirs, ratio, figure.aim)
    console.print(table)
    for figure in listed:
        for note in figure.notes:
            console.print(f"{figure.name}: {note}", highlight=False, soft_wrap=True, markup=False, emoji=False)


def _digits(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"


def as_json(figures: Iterable[Figure]) -> str:
    told = {"date": f"{clock.utc_now():%Y-%m-%d}", "machine": machine(), "figures": [asdict(f) for f in figures]}
    return json.dumps(told, indent=2)
