"""Every process starts, answers and ends while all that it depends on is away."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.images import SERVICES
from deploy.local import health
from deploy.local.ports import free_base
from tests.images.conftest import Unpacked
from tests.images.container import Running

NOBODY = "127.0.0.1:1"
PATIENCE_SECONDS = 120  # of a machine that is busy with other things
PASSWORDS = {f"{service.upper()}_DATABASE_PASSWORD": f"it's {service}" for service in SERVICES}


def away(service: str) -> dict[str, str]:
    prefix = service.upper()
    peers = {f"{name.upper()}_ADDRESS": NOBODY for name in SERVICES}
    return peers | {
        "KAFKA_BOOTSTRAP": NOBODY,
        f"{prefix}_DATABASE_URL": f"postgresql://nobody@{NOBODY}/nothing",
        f"{prefix}_MONGODB_URL": f"mongodb://{NOBODY}",
        f"{prefix}_REDIS_URL": f"redis://{NOBODY}/0",
        f"{prefix}_METRICS_PORT": "0",
    }


async def until_answered(ask: Callable[[], Awaitable[None]], running: Running) -> None:
    give_up = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except Exception as error:
            assert not running.has_ended(), running.ended()
            assert asyncio.get_running_loop().time() < give_up, error
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_its_roles(service: str, unpacked: Unpacked) -> None:
    image = unpacked(service)
    told = image.run(*image.config["Entrypoint"], "--help")
    assert told.returncode == 0, told.stderr
    assert f"The {service} service" in told.stdout
    assert all(role in told.stdout for role in ("serve", "consume", "relay", "work", "migrate"))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_without_its_stores(service: str, unpacked: Unpacked) -> None:
    port = free_base([0])

    async def answered() -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)

    with unpacked(service).started("serve", env=away(service) | {f"{service.upper()}_PORT": str(port)}) as running:
        await until_answered(answered, running)
        assert running.stop(signal.SIGTERM) == 0


async def test_the_gateway_answers_without_its_services(unpacked: Unpacked) -> None:
    port = free_base([0, 1])
    env = away("gateway") | {"PORT": str(port), "GATEWAY_METRICS_PORT": str(port + 1)}
    with unpacked("gateway").started(env=env) as running:
        await until_answered(lambda: health.http(port + 1, "/metrics"), running)
        assert running.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("kind", ["postgres", "valkey", "mongo", "kafka"])
async def test_a_backing_server_keeps_its_data_and_ends_when_told(kind: str, unpacked: Unpacked, data: Path) -> None:
    port = free_base([0, 1])
    own = {"PORT": str(port), "POSTGRES_PASSWORD": "p'w", "VALKEY_PASSWORD": "secret"}
    image = unpacked("backing")
    ask = {
        "postgres": lambda: health.postgres(f"postgresql://postgres:p%27w@127.0.0.1:{port}/postgres"),
        "valkey": lambda: health.valkey(f"redis://:secret@127.0.0.1:{port}"),
        "mongo": lambda: health.mongo("127.0.0.1", port),
        "kafka": lambda: health.kafka(f"127.0.0.1:{port}"),
    }[kind]
    for _ in range(2):  # the second time on what the first has left
        with image.started(kind, data=data, env=own) as running:
            await until_answered(ask, running)
            found = image.run(*image.config["Entrypoint"], "check", kind, data=data, env=own)
            assert found.returncode == 0, found.stderr
            # As the image says (STOPSIGNAL): Postgres waits for its clients on SIGTERM.
            code = running.stop(signal.Signals[image.config["StopSignal"]])
            assert code in {0, 128 + signal.SIGINT}
    missed = image.run(*image.config["Entrypoint"], "check", kind, data=data, env=own)
    assert missed.returncode == 1
    assert f"{kind} does not answer" in missed.stderr


async def test_every_service_gets_a_database(unpacked: Unpacked, data: Path) -> None:
    port = free_base([0])
    own = {"PORT": str(port), "POSTGRES_PASSWORD": "secret", "POSTGRES_HOST": "127.0.0.1", **PASSWORDS}
    image = unpacked("backing")
    with image.started("postgres", data=data, env=own) as running:
        for _ in range(2):  # it can be run again
            made = image.run(*image.config["Entrypoint"], "databases", env=own)
            assert made.returncode == 0, (made.stderr, running.has_ended())
        for service in SERVICES:
            await health.postgres(f"postgresql://{service}:it%27s%20{service}@127.0.0.1:{port}/{service}")
