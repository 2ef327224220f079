"""Starts parts in order of dependency and health, keeps them running, stops them in reverse.

Our own, because `supervisor` from PyPI waits for a number of seconds, not for health.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence

from deploy.local import process
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part

STOP_SECONDS = 9.0
FIRST_TRIES = 3
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
POLL_SECONDS = 0.1
LOG_CHECK_SECONDS = 10.0

Notice = Callable[[str, str], None]


class Supervisor:
    """`notice(part, state)` is called on every change: waiting, preparing, starting, ready, done, died, stopping."""

    def __init__(self, parts: Sequence[Part], home: Home, notice: Notice) -> None:
        self._parts = {part.name: part for part in parts}
        self._home = home
        self._notice = notice
        self._ready = {part.name: asyncio.Event() for part in parts}
        self._children: dict[str, process.Child] = {}

    async def run(self, stop: asyncio.Event, when_ready: Callable[[], None]) -> None:
        """Runs until `stop`, or until a part cannot be started. On return every child has ended."""
        tasks = {asyncio.create_task(self._keep_running(part)) for part in self._parts.values()}
        tasks |= {asyncio.create_task(_wait(stop)), asyncio.create_task(self._rotate_logs())}
        tasks.add(asyncio.create_task(self._announce(when_ready)))
        waiting = set(tasks)
        try:
            while not stop.is_set():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._stop_all()

    async def _announce(self, when_ready: Callable[[], None]) -> None:
        for event in self._ready.values():
            await event.wait()
        when_ready()

    async def _keep_running(self, part: Part) -> None:
        for name in part.after:
            if name in self._ready:
                await self._ready[name].wait()
        failures = 0
        while True:
            started = time.monotonic()
            try:
                code = await self._run_once(part)
            except OSError as fault:  # the disk has filled up: a part that was ready is retried until there is room
                if not self._ready[part.name].is_set():
                    raise
                code = fault.errno
            if code is None or (part.is_step and code == 0):
                self._notice(part.name, "done")
                self._ready[part.name].set()
                return
            failures = 1 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            self._notice(part.name, "died")
            if not self._ready[part.name].is_set() and failures >= FIRST_TRIES:
                raise LocalError(process.failure(part.name, f"exited with code {code}", self._home))
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])

    async def _run_once(self, part: Part) -> int | None:
        """Runs a part to its end: its exit code, or None if it only has a preparation."""
        if part.prepare is not None:
            self._notice(part.name, "preparing")
            await part.prepare()
        if part.command is None:
            return None
        self._notice(part.name, "starting")
        child = self._children[part.name] = process.spawn(part, self._home)
        if part.healthy is not None and not part.is_step:
            await self._until_healthy(part, child)
        while (code := child.exit_code()) is None:  # noqa: ASYNC110 - no task knows when a process ends
            await asyncio.sleep(POLL_SECONDS)
        process.kill_group(child.pid)  # its descendants must not hold its ports or files
        return code

    async def _until_healthy(self, part: Part, child: process.Child) -> None:
        assert part.healthy is not None
        deadline = time.monotonic() + part.ready_seconds
        while child.exit_code() is None:
            try:
                await asyncio.wait_for(part.healthy(), timeout=5.0)
            except LocalError:
                raise
            except Exception as error:  # whatever a client library raises for a server that is not up yet
                if time.monotonic() > deadline:
                    reason = f"did not become healthy in time ({error})"
                    raise LocalError(process.failure(part.name, reason, self._home)) from error
                await asyncio.sleep(POLL_SECONDS)
            else:
                self._notice(part.name, "ready")
                self._ready[part.name].set()
                return

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK_SECONDS)
            for name in self._children:
                process.rotate_log(self._home.log(name))

    async def _stop_all(self) -> None:
        """Stops dependents first, and kills what is late, so that everything fits in STOP_SECONDS."""
        levels = self._levels()
        began = time.monotonic()
        for number, level in enumerate(levels, start=1):
            deadline = began + STOP_SECONDS * number / len(levels)
            for child in level:
                self._notice(child.name, "stopping")
                child.signal(self._parts[child.name].stop_signal)
            while any(child.exit_code() is None for child in level) and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS / 2)
            for child in level:
                child.kill()

    def _levels(self) -> list[list[process.Child]]:
        alive = {name: child for name, child in self._children.items() if child.exit_code() is None}
        levels: dict[int, list[process.Child]] = {}
        for name, child in alive.items():
            levels.setdefault(self._depth(name), []).append(child)
        return [levels[depth] for depth in sorted(levels, reverse=True)]

    def _depth(self, name: str) -> int:
        before = (other for other in self._parts[name].after if other in self._parts)
        return 1 + max((self._depth(other) for other in before), default=0)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
