"""More replicas take their share of the work within a minute."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.k8s.readiness import is_ready, name
from tests.cluster.stand import Cast, Stand, serving
from tests.support.waiting import eventually

WORKING_SECONDS = 60.0
COUNTED = {"gateway": "soundstage_http_seconds", "audience": "soundstage_rpc_server_seconds"}


@contextmanager
def scaled(stand: Stand, service: str, replicas: int) -> Iterator[None]:
    deployment = f"deployment/{serving(service)}"
    before = stand.kubectl.json(deployment)["spec"]["replicas"]
    stand.kubectl("scale", deployment, f"--replicas={replicas}")
    try:
        yield
    finally:
        stand.kubectl("scale", deployment, f"--replicas={before}")
        stand.settle([serving(service)])


@pytest.mark.parametrize(("service", "replicas"), [("audience", 3), ("gateway", 3)])
def test_every_replica_takes_work(stand: Stand, cast: Cast, service: str, replicas: int) -> None:
    with stand.load(cast) as load, scaled(stand, service, replicas):
        began = time.monotonic()
        eventually(lambda: _working(stand, service) == replicas, WORKING_SECONDS)
        seconds = time.monotonic() - began
    stand.measured(f"{service} scaled to {replicas}: all at work after {seconds:.0f} s")
    assert load.others() == {}
    stand.check_plays(cast, load.ledger)


def _working(stand: Stand, service: str) -> int:
    pods = [name(pod) for pod in stand.pods(service, "serve") if is_ready(pod)]
    return sum(stand.work_done(pod, COUNTED[service]) > 0 for pod in pods)
