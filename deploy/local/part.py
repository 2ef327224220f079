"""A part of the local run: a server, a service, or a one-time step."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Command = Callable[[], list[str]]
Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """`prepare` runs before each start; `healthy` raises until the part answers in its own protocol."""

    name: str
    after: tuple[str, ...] = ()
    prepare: Callable[[], Awaitable[None]] | None = None
    command: Command | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    healthy: Check | None = None
    is_step: bool = False
    ports: tuple[int, ...] = ()
    user: int | None = None
    group: int | None = None
    stop_signal: int = signal.SIGTERM
    ready_seconds: float = 90.0
