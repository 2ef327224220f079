"""`python -m gateway`: read settings, build, serve until told to stop."""

import asyncio
import gc
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from chassis import clock, telemetry
from gateway.config import Settings
from gateway.connections import Crowd
from gateway.observing import Observation
from gateway.serving import Farewell, QuietServer
from gateway.wiring import build

log = telemetry.logger(__name__)


def main() -> None:
    settings = Settings()
    # The metrics port is the gateway's own, with /healthz beside the metrics.
    telemetry.start("gateway", settings.model_copy(update={"metrics_port": 0}))
    clock.shift(settings.clock_offset_seconds)
    uvloop.run(serve(settings))


async def serve(settings: Settings) -> None:
    leaving, stop = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    async with AsyncExitStack() as stack:
        built = build(settings, stack)
        # The documents are many small objects that live for ever; keep the garbage collector away from them.
        gc.freeze()
        farewell = Farewell(built.app)
        crowd = Crowd(settings.max_connections, settings.max_connections_each, settings.proxies)
        server = QuietServer(_uvicorn(settings, farewell, crowd))
        parts = [
            farewell.take(leaving, settings.farewell_seconds, stop),
            server.run_until(stop),
            crowd.run(stop),
            built.revocations.run(stop),
            built.parts.keys.run(stop),
            built.app_names.run(stop),
        ]
        if settings.metrics_port:
            parts.append(Observation(settings.host, settings.metrics_port, lambda: built.is_ready).run(stop))
        log.info("gateway.started", port=settings.port)
        await _together(parts, stop)
        await built.app_names.finish()


async def _together(parts: list[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Runs them concurrently; when one ends, for whatever reason, all end."""
    tasks = [asyncio.create_task(part) for part in parts]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.gather(*tasks)


def _uvicorn(settings: Settings, app: ASGIApp, crowd: Crowd) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=crowd.protocol(),  # type: ignore[arg-type]
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=2048,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )


if __name__ == "__main__":
    main()
