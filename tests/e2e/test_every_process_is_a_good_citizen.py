"""What an operator relies on in each process: health, reflection, metrics, discreet logs, a graceful end."""

import json
import secrets
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from deploy.local.ports import SERVICES
from tests.support.beside import Beside, beside, metrics, serving
from tests.support.outage import stopped
from tests.support.people import Person, Stage, ok, refused
from tests.support.system import System
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

Tune = Callable[[str, float], Path]
STOP_SECONDS = 10.0
NAMES = (*SERVICES, "gateway")


def reflected(port: int) -> list[str]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return list(ProtoReflectionDescriptorDatabase(channel).get_services())


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_its_health_and_what_it_offers(running_system: System, service: str) -> None:
    port = running_system.ports.grpc(service)
    assert serving(port)
    offered = reflected(port)
    assert "grpc.health.v1.Health" in offered
    assert any(name.startswith(f"soundstage.{service}.v1.") for name in offered)


def test_in_production_a_service_tells_strangers_nothing(running_system: System) -> None:
    with beside(running_system, "insights", ENVIRONMENT="production") as one:
        with pytest.raises(grpc.RpcError) as refusal:
            reflected(one.port)
        assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", NAMES)
def test_metrics_have_a_port_of_their_own(running_system: System, name: str) -> None:
    assert "# TYPE soundstage_rpc_server_seconds histogram" in metrics(running_system.ports.metrics(name))


@pytest.mark.parametrize("name", NAMES)
def test_logs_are_structured(running_system: System, name: str) -> None:
    lines = lines_of(running_system, name)
    assert lines
    assert not [line for line in lines if not {"event", "level", "timestamp", "service"} <= line.keys()]


def lines_of(running_system: System, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (running_system.home / "logs" / f"{name}.log").read_text().splitlines()]


def test_a_line_of_a_log_names_the_request_it_came_from(running_system: System, artist: Person, tune: Tune) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-00"}
    artist.upload(tune("mp3", 2.0), headers=headers)
    with stopped(running_system, "valkey"):
        ok(artist.get("/auth/me", headers=headers))

    def traced(name: str) -> set[str]:
        return {line["event"] for line in lines_of(running_system, name) if line.get("trace_id") == trace_id}

    assert "limits.redis_down" in traced("gateway")
    eventually(lambda: "recording.ready" in traced("streaming"))


def test_no_log_holds_a_token_a_password_or_an_address(running_system: System, stage: Stage) -> None:
    name = f"canary_{uuid.uuid4().hex[:10]}"
    email, password = f"{name}@canary.example.com", secrets.token_urlsafe(16)
    body = {"username": name, "email": email, "password": password, "password_confirm": password}

    def register(suffix: str) -> httpx.Response:
        # Another name and the same address: the database itself has to refuse one of those at once.
        return stage.http.post("/api/v1/auth/register", json=body | {"username": name + suffix})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(register, "abcdef"))
    [made] = [answer for answer in answers if answer.status_code == 201]
    token = made.json()["data"]["token"]
    refused(
        stage.http.post("/api/v1/auth/login", json={"email": email, "password": password + "x"}),
        401,
        "INVALID_CREDENTIALS",
    )
    stage.http.post("/api/v1/auth/login", json={"email": email, "password": {"not": password}})
    stage.http.post("/api/v1/auth/login", content=f'{{"email": "{email}", "password": "{password}"')
    renewed = ok(stage.http.post("/api/v1/auth/refresh", json={"refresh_token": token["refresh_token"]}))
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    stage.http.get(f"/api/v1/tracks/{uuid.uuid4()}", headers=bearer)
    stage.http.get("/api/v1/tracks/search", params={"q": "\0"}, headers=bearer)
    stage.http.post("/api/v1/auth/logout", json={"refresh_token": renewed["refresh_token"]})
    stage.http.post("/partner/v1/oauth/token", data={"client_id": name, "client_secret": password})
    canaries = [email, password, *(t[k] for t in (token, renewed) for k in ("access_token", "refresh_token"))]
    for log in [*(running_system.home / "logs").iterdir(), running_system.home / "launcher.log"]:
        said = log.read_text(errors="replace")
        assert not [canary for canary in canaries if canary in said], log.name


class SlowUpload(threading.Thread):
    """Sends half a file, and the rest when told."""

    def __init__(self, stage: Stage, artist: Person, file: Path) -> None:
        super().__init__(daemon=True)
        self.url, self.token, self.file = f"{stage.url}/api/v1/tracks", artist.token["access_token"], file.read_bytes()
        self.sent_half, self.go_on = threading.Event(), threading.Event()
        self.answer: httpx.Response | None = None

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "multipart/form-data; boundary=b"}
        with suppress(httpx.TransportError):
            self.answer = httpx.post(self.url, content=self._body(), headers=headers, timeout=30)

    def _body(self) -> Iterator[bytes]:
        half = len(self.file) // 2
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="slow.wav"\r\n\r\n'
        yield self.file[:half]
        self.sent_half.set()
        self.go_on.wait(20)
        yield self.file[half:]
        yield b"\r\n--b--\r\n"


@contextmanager
def uploading(system: System, artist: Person, file: Path) -> Iterator[tuple[Beside, Beside, SlowUpload]]:
    """A gateway and a streaming service of its own, with half a file on its way through both."""
    with (
        beside(system, "streaming") as streaming,
        beside(system, "gateway", STREAMING_ADDRESS=f"127.0.0.1:{streaming.port}") as gateway,
        Stage(gateway.url) as stage,
    ):
        upload = SlowUpload(stage, artist, file)
        upload.start()
        assert upload.sent_half.wait(10)
        eventually(lambda: "soundstage_rpc_in_flight 1.0" in metrics(streaming.metrics_port))
        yield gateway, streaming, upload


@pytest.mark.parametrize("name", ["gateway", "streaming"])
def test_told_to_stop_it_ends_what_it_has_in_hand(
    running_system: System, artist: Person, tune: Tune, name: str
) -> None:
    with uploading(running_system, artist, tune("wav", 20.0)) as (gateway, streaming, upload):
        one = gateway if name == "gateway" else streaming
        began = time.monotonic()
        one.process.send_signal(signal.SIGTERM)
        if name == "streaming":
            eventually(lambda: not serving(one.port))
        upload.go_on.set()
        assert one.process.wait(STOP_SECONDS - (time.monotonic() - began)) == 0
        upload.join(10)
        assert upload.answer is not None
        ok(upload.answer, 201)


def test_told_to_stop_nobody_waits_for_a_client_that_hangs(running_system: System, artist: Person, tune: Tune) -> None:
    with uploading(running_system, artist, tune("wav", 20.0)) as (gateway, streaming, upload):
        for one in (gateway, streaming):
            one.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for one in (gateway, streaming):
            try:
                one.process.wait(deadline - time.monotonic())
            except subprocess.TimeoutExpired:
                pytest.fail(f"did not end within {STOP_SECONDS} s: {one}")
        upload.go_on.set()
