"""Runs a program on a stranger's file: limited resources, own process group, wall clock, nothing of our environment."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# By a shell, since a preexec_fn needs a fork.
# Not every system knows -v; the others are POSIX.
# A thread's stack is counted as memory whether it is used or not: 8 MiB each by default.
LIMITED = 'ulimit -c 0; ulimit -s 1024; ulimit -t "$1"; ulimit -f "$2"; ulimit -v "$3" 2>/dev/null; shift 3; exec "$@"'
BLOCK_BYTES = 512
PIPE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Limits:
    cpu_seconds: int
    wall_seconds: float
    memory_bytes: int
    file_bytes: int


def _command(argv: Sequence[str], limits: Limits) -> list[str]:
    numbers = (limits.cpu_seconds, limits.file_bytes // BLOCK_BYTES + 1, limits.memory_bytes // 1024)
    return ["/bin/sh", "-c", LIMITED, "sh", *map(str, numbers), *argv]


class Child:
    """A process and its output. From `subprocess`, not asyncio: that forks, under uvloop, a process full of gRPC
    threads and its fork handlers, and one child in some dozens died of it before it was a program; this one does vfork.
    """

    def __init__(self, argv: Sequence[str], limits: Limits, folder: Path | None) -> None:
        self._popen = subprocess.Popen(
            _command(argv, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"LC_ALL": "C", "PATH": os.defpath},
            start_new_session=True,
        )

    async def listen(self) -> None:
        assert self._popen.stdout and self._popen.stderr
        self.stdout, self._out = await _reader(self._popen.stdout)
        self.stderr, self._err = await _reader(self._popen.stderr)

    async def wait(self) -> int:
        return await asyncio.to_thread(self._popen.wait)

    async def end(self) -> None:
        """Kills the whole group, if it still runs, and reaps it."""
        if self._popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
        await self.wait()
        self._out.close()
        self._err.close()


async def _reader(pipe: IO[bytes]) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader(limit=PIPE_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader, transport


@asynccontextmanager
async def running(argv: Sequence[str], limits: Limits, folder: Path | None = None) -> AsyncIterator[Child]:
    """Yields the child, which never outlives the block. Raises TimeoutError when the wall-clock limit is reached."""
    child = Child(argv, limits, folder)
    await child.listen()
    try:
        async with asyncio.timeout(limits.wall_seconds):
            yield child
    finally:
        await asyncio.shield(child.end())


async def tail_of(stream: asyncio.StreamReader, length: int = 64 * 1024) -> bytes:
    """The last bytes of a stream, however long it is."""
    kept = b""
    while chunk := await stream.read(PIPE_BYTES):
        kept = (kept + chunk)[-length:]
    return kept


async def output_of(argv: Sequence[str], limits: Limits, max_bytes: int) -> tuple[int, bytes, bytes]:
    """Exit status, the first `max_bytes` of stdout, the end of stderr."""
    async with running(argv, limits) as child:
        complaints = asyncio.create_task(tail_of(child.stderr))
        try:
            said = b""
            while chunk := await child.stdout.read(PIPE_BYTES):
                said = (said + chunk)[:max_bytes]
            return await child.wait(), said, await complaints
        finally:
            complaints.cancel()
