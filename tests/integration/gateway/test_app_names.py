"""`python -m gateway` told to stop: what it counted by app name has reached insights before it ends."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import grpc
import httpx
import pytest
from soundstage.insights.v1.apps_pb2 import RecordAppsResponse

from tests.contract.doubles import Services
from tests.integration.gateway.test_process import Alone, gateway_alone

REQUESTS = 50


async def test_a_gateway_that_is_told_to_stop_has_told_all_it_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services()
    services.on("insights.v1.AppsService/Record", RecordAppsResponse())
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((services,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with gateway_alone(tmp_path, INSIGHTS_ADDRESS=f"127.0.0.1:{port}") as alone:
            await _ask(alone)
            alone.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(alone.process.wait, 10) == 0
    finally:
        await server.stop(None)
    counts: Counter[str] = Counter()
    for report in services.asked("insights.v1.AppsService/Record"):
        counts.update({row.name: row.count for row in report.counts})
    assert counts == {"player": REQUESTS}


async def _ask(alone: Alone) -> None:
    async with httpx.AsyncClient(timeout=20) as http:
        await asyncio.gather(
            *(http.get(f"{alone.url}/v1/tracks/V4W8r", params={"app_name": "player"}) for _ in range(REQUESTS))
        )
