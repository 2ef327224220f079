"""The launcher's list of roles is what the services have, and `--split-roles` makes a process of each."""

import importlib
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.backing import Backing
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import SERVICES, Ports
from deploy.local.services import ROLES, Services

GIVEN = {
    "DATABASE_URL": "postgresql://admin@127.0.0.1/postgres",
    "REDIS_URL": "redis://127.0.0.1/0",
    "MONGODB_URL": "mongodb://127.0.0.1/?replicaSet=rs0",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_launcher_knows_every_role(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDSTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("STORAGE_URL", tmp_path.as_uri())
    monkeypatch.setenv("AUTH_SIGNING_KEYS_DIR", str(tmp_path))
    settings = importlib.import_module(f"services.{service}.config").Settings()
    async with AsyncExitStack() as stack:
        built = importlib.import_module(f"services.{service}.wiring").build(settings, stack)
    assert ROLES[service] == tuple(role for role in ("serve", "consume", "relay", "work") if built.named(role))


def parts(tmp_path: Path, *, split: bool) -> dict[str, Part]:
    home, ports = Home.open(tmp_path), Ports()
    services = Services(home, ports, Backing.choose(home, ports, GIVEN), GIVEN, split=split)
    return {part.name: part for part in services.parts()}


def test_each_role_is_a_process_of_its_own(tmp_path: Path) -> None:
    split = parts(tmp_path, split=True)
    assert {f"{service}-{role}" for service, roles in ROLES.items() for role in roles} <= split.keys()
    assert not split.keys() & set(SERVICES)
    assert {f"{service}-serve" for service in SERVICES} == set(split["gateway"].after)
    assert split["insights-serve"].env["INSIGHTS_METRICS_PORT"] == str(Ports().metrics("insights"))
    assert split["insights-work"].env["INSIGHTS_METRICS_PORT"] == "0"


def test_on_a_laptop_each_service_is_one(tmp_path: Path) -> None:
    together = parts(tmp_path, split=False)
    assert set(SERVICES) <= together.keys()
    assert not [name for name in together if name.endswith(("-serve", "-relay", "-consume", "-work"))]
