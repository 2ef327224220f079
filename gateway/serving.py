"""uvicorn under our own signals: told to stop, it accepts nothing new, lets what is in hand end, and returns."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until(self, stop: asyncio.Event) -> None:
        serving = asyncio.ensure_future(self.serve())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        self.should_exit = True
        stopping.cancel()
        await serving


class Farewell:
    """An app that, once it is leaving, asks every client to reconnect.

    Otherwise a client may send its next request just as the kept-alive connection closes, and lose it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._takes_leave = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, closing if self._takes_leave else send)

    async def take(self, leaving: asyncio.Event, seconds: float, stop: asyncio.Event) -> None:
        """Starts when `leaving` is set and lasts `seconds`; then sets `stop`."""
        await leaving.wait()
        self._takes_leave = True
        await asyncio.sleep(seconds)
        stop.set()
