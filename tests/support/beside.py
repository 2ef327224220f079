"""More processes of a running system, as a second replica would be: its own settings, ports of their own."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.backing import Backing
from deploy.local.home import Home
from deploy.local.process import following
from deploy.local.services import Services
from tests.support.system import REPOSITORY, System

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Beside:
    """`port` speaks HTTP for a gateway, gRPC for a service."""

    port: int
    metrics_port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def beside(system: System, name: str, **settings: str) -> Iterator[Beside]:
    """`python -m gateway`, or `python -m services.<name> serve`; its log is beside those of the system."""
    port, metrics_port = free_ports(2)
    prefix = name.upper()
    own = {"PORT" if name == "gateway" else f"{prefix}_PORT": str(port), f"{prefix}_METRICS_PORT": str(metrics_port)}
    command = ["gateway"] if name == "gateway" else [f"services.{name}", "serve"]
    with (system.home / "logs" / f"{name}-beside-{port}.log").open("wb") as log:
        started = subprocess.Popen(
            following([sys.executable, "-m", *command]),
            cwd=REPOSITORY,
            env=environ(system, name) | own | settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = Beside(port, metrics_port, started)
    try:
        _wait(name, running)
        yield running
    finally:
        started.kill()
        started.wait()


def environ(system: System, name: str) -> dict[str, str]:
    """What the launcher tells this deployable of the system."""
    home = Home.open(system.home)
    return Services(home, system.ports, Backing.choose(home, system.ports, system.environ), system.environ).environ(
        name
    )


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def calls(system: System, service: str, method: str) -> float:
    """How many calls of `method` a service of the system has answered, whatever it answered."""
    families = text_string_to_metric_families(metrics(system.ports.metrics(service)))
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "soundstage_rpc_server_seconds_count" and sample.labels["method"].endswith(f"/{method}")
    )


def serving(port: int) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _wait(name: str, running: Beside) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            if name != "gateway" and serving(running.port):
                return
            if name == "gateway":
                urllib.request.urlopen(f"http://127.0.0.1:{running.metrics_port}/healthz", timeout=2).close()
                return
        except (OSError, grpc.RpcError):
            assert running.process.poll() is None, f"{name} ended with {running.process.returncode}"
            assert time.monotonic() < deadline, f"{name} did not get ready"
            time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
