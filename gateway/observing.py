"""The gateway's second port: Prometheus metrics, and /healthz, which is 200 once tokens can be checked."""

import asyncio
from collections.abc import Callable

import uvicorn
from prometheus_client import make_asgi_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from gateway.serving import QuietServer


class Observation:
    def __init__(self, host: str, port: int, is_ready: Callable[[], bool]) -> None:
        self._host = host
        self._port = port
        self._is_ready = is_ready

    async def run(self, stop: asyncio.Event) -> None:
        config = uvicorn.Config(
            Starlette(routes=[Route("/healthz", self._health), Mount("/", make_asgi_app())]),
            host=self._host,
            port=self._port,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        await QuietServer(config).run_until(stop)

    async def _health(self, _request: Request) -> JSONResponse:
        is_ready = self._is_ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)
