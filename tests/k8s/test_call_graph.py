"""edges.yaml says who calls whom; here it is held against what the wiring of each process really holds."""

import gc
import importlib
import types
from contextlib import AsyncExitStack
from typing import Any

import pytest
from grpc import aio

from chassis.config import Settings
from chassis.events import Topic
from chassis.inbox import Consumer
from chassis.process import Roles
from deploy.configuration import settings_of
from deploy.k8s import render
from deploy.local.services import ROLES
from gateway import wiring as gateway_wiring
from services.insights import wiring as insights_wiring
from tests.k8s.rendering import Object, of_kind

STORES = {
    "database_url": ("postgres", "postgresql://postgres.dialled/own"),
    "mongodb_url": ("mongo", "mongodb://mongo.dialled"),
    "redis_url": ("valkey", "redis://valkey.dialled"),
    "kafka_bootstrap": ("kafka", "kafka.dialled:9092"),
    "storage_url": ("objects", "file:///objects.dialled"),
}
# `migrate` is built from all of catalog's parts, one of which may call auth; it prepares MongoDB alone. Marketplace's
# copy of tracks can ask catalog; a consumer only applies events to it.
UNUSED = {("catalog", "migrate"): {"auth"}, ("marketplace", "consume"): {"catalog"}}


class Line:
    """A channel that says where it leads, and so do its methods."""

    def __init__(self, target: str, **_options: Any) -> None:
        self.target = target

    def unary_unary(self, *_args: Any, **_options: Any) -> "Line":
        return Line(self.target)

    unary_stream = stream_unary = stream_stream = unary_unary

    async def close(self, _grace: Any) -> None: ...


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "insecure_channel", Line)


@pytest.mark.parametrize("service", ROLES)
async def test_each_role_calls_whom_the_list_says(service: str) -> None:
    wiring = importlib.import_module(f"services.{service}.wiring")
    async with AsyncExitStack() as stack:
        roles: Roles = wiring.build(settings(service), stack)
        held = {role: names(getattr(roles, role)) for role in (*ROLES[service], "migrate")}
        if service == "insights":  # an operator runs `rebuild` in a pod of work
            held["work"] |= names(insights_wiring.build_rebuild(settings(service), stack))
    # Each waits for its migration in front of all else.
    assert {role: found - UNUSED.get((service, role), set()) | {"postgres"} for role, found in held.items()} == {
        role: set(callees) for (name, role), callees in render.edges().items() if name == service
    }


async def test_gateway_calls_whom_the_list_says() -> None:
    async with AsyncExitStack() as stack:
        built = gateway_wiring.build(settings("gateway"), stack)
        assert names(built) == set(render.edges()["gateway", "serve"])


@pytest.mark.parametrize("service", [it for it, roles in ROLES.items() if "consume" in roles])
async def test_consumers_are_scaled_by_the_groups_that_they_join(production: list[Object], service: str) -> None:
    wiring = importlib.import_module(f"services.{service}.wiring")
    async with AsyncExitStack() as stack:
        parts = wiring.build(settings(service), stack).consume
    joined = {(it.group, topic) for it in parts if isinstance(it, Consumer) for topic in it.topics}
    [scaled] = [it for it in of_kind(production, "ScaledObject") if it["metadata"]["name"] == f"{service}-consume"]
    triggers = [it["metadata"] for it in scaled["spec"]["triggers"]]
    assert {(it["consumerGroup"], it["topic"]) for it in triggers} == joined
    assert scaled["spec"]["maxReplicaCount"] <= Topic("").partitions


def settings(process: str) -> Any:
    """With an address for everything that the process can be told an address of."""
    declared = settings_of(process)
    peers = {name: f"{name}.dialled:1" for name in declared.model_fields if name.endswith("_address")}
    stores = {name: url for name, (_, url) in STORES.items() if name in declared.model_fields}
    return declared.model_validate(peers | stores)


def names(root: Any) -> set[str]:
    """Whom `root`, or anything that it holds, has the address of."""
    held = {text for text in strings(root) if ".dialled" in text}
    peers = {text.removeprefix("dns:///").partition("_address.")[0] for text in held if "_address.dialled" in text}
    return peers | {name for name, url in STORES.values() if any(mark(url) in text for text in held)}


def mark(url: str) -> str:
    return next(part for part in url.replace(":9092", "").split("/") if ".dialled" in part)


def strings(root: Any) -> set[str]:
    seen: dict[int, Any] = {}
    waiting, found = [root], set()
    while waiting:
        it = waiting.pop()
        # Settings name everyone; what counts is who was given an address of them.
        if id(it) in seen or isinstance(it, (type, types.ModuleType, Settings)):
            continue
        seen[id(it)] = it
        if isinstance(it, str | Line):
            found.add(it if isinstance(it, str) else it.target)
        elif isinstance(it, types.FunctionType):
            waiting += [cell.cell_contents for cell in it.__closure__ or ()] + list(it.__defaults__ or ())
        else:
            waiting += gc.get_referents(it)
    return found
