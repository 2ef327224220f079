"""The gateway's second port: Prometheus metrics, and /healthz, which is 200 once tokens can be checked."""

import asyncio
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from prometheus_client import make_asgi_app
from starlette.responses import JSONResponse

from gateway.serving import QuietServer


class Observation:
    def __init__(self, host: str, port: int, is_ready: Callable[[], bool]) -> None:
        self._host = host
        self._port = port
        self._is_ready = is_ready

    async def run(self, stop: asyncio.Event) -> None:
        config = uvicorn.Config(
            self._app(),
            host=self._host,
            port=self._port,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        await QuietServer(config).run_until(stop)

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.api_route("/healthz", methods=["GET", "HEAD"])
        async def health() -> JSONResponse:
            is_ready = self._is_ready()
            return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

        app.mount("/", make_asgi_app())
        return app
