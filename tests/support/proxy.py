"""A TCP proxy that does harm: cuts connections, lets them hang half-open, makes them slow."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Self

CHUNK_BYTES = 65_536
# How much may wait for its delay in one direction: then the sender has to.
MAX_CHUNKS = 1024

Address = tuple[str, int]


@dataclass(eq=False)
class Link:
    """One client's connection and ours to the server behind."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_dead: bool = False

    def abort(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class Proxy:
    """Listens on a free port of this machine and hands on to `target`; runs in a thread of its own."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self.links: set[Link] = set()
        self._delay_seconds = 0.0
        self._is_cut = self._is_deaf = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def address(self) -> str:
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Ends every connection, and each new one as soon as it is made."""
        self._is_cut = True
        self._do(self._abort())
        try:
            yield
        finally:
            self._is_cut = False

    @contextlib.contextmanager
    def half_open(self) -> Iterator[None]:
        """Nothing passes and nobody is told. Connections of that time stay dead afterwards, as when a peer vanished."""
        self._is_deaf = True
        self._do(self._kill())
        try:
            yield
        finally:
            self._is_deaf = False

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Everything arrives that much later, in each direction."""
        self._delay_seconds = seconds
        try:
            yield
        finally:
            self._delay_seconds = 0.0

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _abort(self) -> None:
        for link in list(self.links):
            link.abort()

    async def _kill(self) -> None:
        for link in self.links:
            link.is_dead = True

    async def _close(self) -> None:
        self._server.close()
        await self._abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            behind, server = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, server, is_dead=self._is_deaf)
        self.links.add(link)
        try:
            await asyncio.gather(self._hand_on(link, reader, server), self._hand_on(link, behind, writer))
        except OSError:
            pass
        finally:
            link.abort()
            self.links.discard(link)

    async def _hand_on(self, link: Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """One direction. What arrives waits its delay in a queue, so slowness costs time and no throughput."""
        clock = asyncio.get_running_loop().time
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MAX_CHUNKS)

        async def read() -> None:
            while data := await source.read(CHUNK_BYTES):
                await waiting.put((clock() + self._delay_seconds, data))
            await waiting.put((clock() + self._delay_seconds, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, data = await waiting.get()
                if (left := due - clock()) > 0:
                    await asyncio.sleep(left)
                if link.is_dead:
                    continue  # swallowed, its end too
                if not data:
                    break
                sink.write(data)
                await sink.drain()
            with contextlib.suppress(OSError):
                sink.write_eof()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
