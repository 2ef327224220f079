"""The gateway's second port: Prometheus metrics, and /healthz, which is 200 once tokens can be checked."""

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.serving import QuietServer
from gateway.web.answers import bytes_answer, json_answer


class Observation:
    def __init__(self, host: str, port: int, is_ready: Callable[[], bool]) -> None:
        self._host = host
        self._port = port
        self._is_ready = is_ready

    async def run(self, stop: asyncio.Event) -> None:
        config = uvicorn.Config(
            self._answer,
            host=self._host,
            port=self._port,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        await QuietServer(config).run_until(stop)

    async def _answer(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            is_ready = self._is_ready()
            answer = json_answer(200 if is_ready else 503, {"ready": is_ready})
        else:
            answer = bytes_answer(200, generate_latest(), CONTENT_TYPE_LATEST.encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})
