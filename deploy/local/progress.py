"""Progress of a start or stop: a live table on a terminal, otherwise one line per change."""

import time

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

STYLES = {"ready": "green", "done": "green", "died": "bold red", "starting": "cyan", "preparing": "cyan"}


class Progress:
    def __init__(self, console: Console, names: list[str]) -> None:
        self._console = console
        self._states = dict.fromkeys(names, "waiting")
        self._changed = dict.fromkeys(names, 0.0)
        self._began = time.monotonic()
        # Refreshed by hand: a refresh thread and forking children do not mix.
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> "Progress":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def __call__(self, name: str, state: str) -> None:
        """Shows the new state of a part."""
        if self._states.get(name) == state:
            return
        self._states[name] = state
        self._changed[name] = time.monotonic() - self._began
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
        else:
            self._console.print(f"{self._changed[name]:6.1f} s  {name}: {state}", highlight=False)

    def finish(self) -> float:
        """Stops the live table; later changes are printed as lines. Returns the seconds since the start."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        return time.monotonic() - self._began

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, state in self._states.items():
            when = f"{self._changed[name]:.1f} s" if self._changed[name] else ""
            table.add_row(name, Text(state, STYLES.get(state, "dim")), Text(when, "dim"))
        return table
