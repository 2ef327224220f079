"""The demo's output: steps, progress bars, and a countdown when rate limited."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Advance = Callable[[float, str], None]
BAR_WIDTH = 30
DRAWN_EVERY_SECONDS = 0.2


class Screen:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._steps = 0

    def step(self, title: str) -> None:
        self._steps += 1
        self._console.print(f"\n[bold cyan]{self._steps}[/] [bold]{escape(title)}[/]")

    def say(self, text: str) -> None:
        self._console.print(f"  {text}", markup=False, soft_wrap=True)

    def show(self, table: Table) -> None:
        self._console.print()
        self._console.print(table)

    def success(self, text: str) -> None:
        self._console.print(f"\n[bold green]{escape(text)}[/]", soft_wrap=True)

    @contextmanager
    def bar(self, title: str, total: float) -> Iterator[Advance]:
        """A bar up to `total`; the block reports its position and a short note."""
        with self._bars() as progress:
            task = progress.add_task(title, total=total, note="")

            def advance(completed: float, note: str = "") -> None:
                progress.update(task, completed=completed, note=note)

            yield advance

    def count_down(self, seconds: float, why: str) -> None:
        """Waits, and shows how long."""
        until = time.monotonic() + seconds
        if not self._console.is_terminal:
            self.say(f"waiting {ceil(seconds)} s: {why}")
            time.sleep(seconds)
            return
        with self._bars() as progress:
            task = progress.add_task(why, total=seconds, note="")
            while (left := until - time.monotonic()) > 0:
                progress.update(task, completed=seconds - left, note=f"{ceil(left)} s left")
                time.sleep(min(left, DRAWN_EVERY_SECONDS))
            progress.remove_task(task)

    @contextmanager
    def _bars(self) -> Iterator[Progress]:
        """The current display, because there can be only one; otherwise a new one."""
        if self._progress is not None:
            yield self._progress
            return
        columns = (
            TextColumn("  {task.description:<12}", markup=False),
            BarColumn(BAR_WIDTH),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
        )
        with Progress(*columns, console=self._console) as progress:
            self._progress = progress
            try:
                yield progress
            finally:
                self._progress = None
