"""`python -m gateway` as a process, with nothing else running."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[3]
SERVICES = ("AUTH", "CATALOG", "STREAMING", "AUDIENCE", "MARKETPLACE", "INSIGHTS")


@dataclass
class Alone:
    process: "subprocess.Popen[bytes]"
    url: str
    metrics_url: str


@pytest.fixture
async def alone(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Alone]:
    async with gateway_alone(tmp_path, **getattr(request, "param", {})) as alone:
        yield alone


@asynccontextmanager
async def gateway_alone(tmp_path: Path, **settings: str) -> AsyncIterator[Alone]:
    """All that the settings do not name is away."""
    port, metrics_port = _free_port(), _free_port()
    addresses = {f"{service}_ADDRESS": "127.0.0.1:1" for service in SERVICES}
    environ = os.environ | addresses | settings | {
        "PORT": str(port), "GATEWAY_METRICS_PORT": str(metrics_port), "GATEWAY_REDIS_URL": "redis://127.0.0.1:1/0",
        "STORAGE_URL": tmp_path.as_uri(), "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'gen'}",
    }  # fmt: skip
    with _started(environ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            await _answers(f"{url}/docs/platform/openapi.json")
            yield Alone(process, url, f"http://127.0.0.1:{metrics_port}")
        finally:
            process.kill()


async def test_it_starts_says_what_it_lacks_and_ends_when_told(alone: Alone) -> None:
    async with httpx.AsyncClient(timeout=20) as http:
        health = await http.get(f"{alone.metrics_url}/healthz")
        assert (health.status_code, health.json()) == (503, {"ready": False})
        tracks = await http.get(f"{alone.url}/api/v1/tracks")
        assert tracks.status_code == 503
        assert tracks.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert int(tracks.headers["Retry-After"]) >= 1
        # Limits hold without Redis.
        assert tracks.headers["X-RateLimit-Remaining"] == "99"
        metrics = (await http.get(f"{alone.metrics_url}/metrics")).text
        assert 'soundstage_http_seconds_count{contract="platform",operation="listTracks",status="503"} 1.0' in metrics
        assert "soundstage_limited_locally_total 1.0" in metrics
    alone.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(alone.process.wait, 10) == 0


@pytest.mark.parametrize("alone", [{"GATEWAY_FAREWELL_SECONDS": "2"}], indirect=True)
async def test_taking_leave_it_sends_clients_to_another_connection(alone: Alone) -> None:
    async with httpx.AsyncClient(timeout=20, base_url=alone.url) as http:
        assert "connection" not in (await http.get("/partner/v1/heartbeat")).headers
        alone.process.send_signal(signal.SIGTERM)
        while (answer := await http.get("/partner/v1/heartbeat")).headers.get("connection") != "close":
            assert answer.status_code == 200
    assert await asyncio.to_thread(alone.process.wait, 10) == 0


async def test_what_is_in_hand_ends_before_the_process_does(alone: Alone) -> None:
    """A request whose body is on its way is answered though SIGTERM came; a new connection is not taken."""
    host, port = alone.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = b'{"email": "a@b.example", "password": "x"}'
    head = (
        "POST /api/v1/auth/login HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    writer.write("\r\n".join((*head, "", "")).encode() + body[:5])
    await writer.drain()
    await _in_flight(alone)
    alone.process.send_signal(signal.SIGTERM)
    await _refuses(host, int(port))
    writer.write(body[5:])
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 503")
    writer.close()
    assert await asyncio.to_thread(alone.process.wait, 10) == 0


def _started(environ: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "gateway"], cwd=REPOSITORY, env=environ)


async def _answers(url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as http:
        while True:
            try:
                await http.get(url)
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def _in_flight(alone: Alone) -> None:
    """Another request on a connection of its own shows that what was sent before it has been taken."""
    async with httpx.AsyncClient() as http:
        await http.get(f"{alone.url}/docs/platform")


async def _refuses(host: str, port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
