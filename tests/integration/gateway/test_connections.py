"""Slow clients and too many of them are cut off; whoever moves is not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway import connections
from gateway.connections import Crowd
from gateway.serving import QuietServer
from tests.support.waiting import until

BIG = 64 * 1024 * 1024
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class App:
    def __init__(self) -> None:
        self.busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.busy += 1
        try:
            await (await self._answer(Request(scope, receive)))(scope, receive, send)
        finally:
            self.busy -= 1

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/big":
            return StreamingResponse(self._much(), headers={"content-length": str(BIG)})
        return PlainTextResponse(str(len(await request.body())))

    async def _much(self) -> AsyncIterator[bytes]:
        for _ in range(BIG // 65536):
            yield bytes(65536)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "SENT_SECONDS", 0.5)
    monkeypatch.setattr(connections, "READ_SECONDS", 0.5)
    monkeypatch.setattr(connections, "WATCH_SECONDS", 0.1)


@asynccontextmanager
async def served(crowd: Crowd, app: App) -> AsyncIterator[Callable[[], "asyncio.Future[Client]"]]:
    """Opens connections to the app."""
    stop = asyncio.Event()
    config = uvicorn.Config(app, port=0, http=crowd.protocol(), lifespan="off", log_config=None)  # type: ignore[arg-type]
    server = QuietServer(config)
    running = [asyncio.create_task(server.run_until(stop)), asyncio.create_task(crowd.run(stop))]
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    clients: list[Client] = []

    async def opened() -> Client:
        clients.append(await asyncio.open_connection("127.0.0.1", port))
        return clients[-1]

    try:
        yield lambda: asyncio.ensure_future(opened())
    finally:
        for _, writer in clients:
            writer.close()
        stop.set()
        await asyncio.gather(*running)


async def is_cut(reader: asyncio.StreamReader) -> bool:
    with suppress(ConnectionResetError):
        async with asyncio.timeout(20):
            while await reader.read(65536):
                pass
    return True


async def test_a_head_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(100, 100)
    async with served(crowd, App()) as connect:
        silent, (started, writer), (endless, flooding) = [await connect() for _ in range(3)]
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        flooding.write(b"GET / HTTP/1.1\r\n" + b"X-Much: much\r\n" * 5_000)
        assert await is_cut(endless)
        assert await is_cut(started)
        assert await is_cut(silent[0])
        assert not crowd.open


async def test_a_body_that_drips() -> None:
    app = App()
    async with served(Crowd(100, 100), app) as connect:
        (reader, writer), (steady, sending) = await connect(), await connect()
        for one in (writer, sending):
            one.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n")
        cut = asyncio.create_task(is_cut(reader))
        for _ in range(20):
            await asyncio.sleep(0.08)
            sending.write(bytes(200))
            writer.write(b"x")
        assert await cut
        assert (await asyncio.wait_for(steady.read(), 20)).endswith(b"4000")
        await until(lambda: app.busy == 0)


async def test_an_answer_that_nobody_reads() -> None:
    app = App()
    async with served(Crowd(100, 100), app) as connect:
        (_, writer), (reader, reading) = await connect(), await connect()
        for one in (writer, reading):
            one.write(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await until(lambda: app.busy == 2)
        read = 0
        while part := await reader.read(2 * 1024 * 1024):
            read += len(part)
            await asyncio.sleep(0.01)  # slow, but it moves
        assert read > BIG
        await until(lambda: app.busy == 0)


async def test_no_address_takes_every_connection() -> None:
    async with served(Crowd(100, 3), App()) as connect:
        kept = [await connect() for _ in range(3)]
        await asyncio.sleep(0.05)
        for _ in range(3):
            assert await is_cut((await connect())[0])
        reader, writer = kept[0]
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert await asyncio.wait_for(reader.readline(), 20) == b"HTTP/1.1 200 OK\r\n"
        await is_cut(reader)
        # A place is free again when its connection has ended.
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert await asyncio.wait_for(reader.readline(), 20) == b"HTTP/1.1 200 OK\r\n"
