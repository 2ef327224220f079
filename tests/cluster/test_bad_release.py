"""A release that never gets ready takes no traffic, and is rolled back by one command."""

import json
from typing import Any

import pytest

from deploy.k8s.readiness import is_ready, name
from tests.cluster.stand import Cast, Stand, serving
from tests.support.waiting import eventually

JSON = dict[str, Any]
CONTAINER = "/spec/template/spec/containers/0"
DUMB = {"op": "add", "path": f"{CONTAINER}/command", "value": ["python", "-c", "import time; time.sleep(3600)"]}
NOTICED_SECONDS = 90.0


@pytest.mark.parametrize("service", ["audience", "gateway"])
def test_it_takes_no_traffic_and_is_rolled_back(stand: Stand, cast: Cast, service: str) -> None:
    deployment = serving(service)
    before = {name(pod) for pod in stand.pods(service, "serve")}
    with stand.load(cast) as load:
        stand.kubectl("patch", f"deployment/{deployment}", "--type=json", f"--patch={json.dumps([DUMB])}")
        bad = eventually(lambda: _refused(stand, service, before), NOTICED_SECONDS)
        good = {name(pod) for pod in stand.pods(service, "serve") if is_ready(pod)}
        assert good == before
        assert not _ready_addresses(stand, service) & {pod["status"]["podIP"] for pod in bad}
        stand.kubectl("rollout", "undo", f"deployment/{deployment}")
        stand.settle([deployment])
    assert {name(pod) for pod in stand.pods(service, "serve")} == before
    assert load.others() == {}
    stand.measured(f"bad release of {service}: {load.statuses.total()} requests, 0 failed")


def _refused(stand: Stand, service: str, old: set[str]) -> list[JSON]:
    """New pods of which Kubernetes has said that a probe of theirs failed."""
    events = stand.kubectl.items("events", "--field-selector", "reason=Unhealthy")
    unhealthy = {event["involvedObject"]["name"] for event in events}
    return [pod for pod in stand.pods(service, "serve") if name(pod) in unhealthy - old]


def _ready_addresses(stand: Stand, service: str) -> set[str]:
    slices = stand.kubectl.items("endpointslices", "--selector", f"kubernetes.io/service-name={service}")
    endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or []]
    ready = [one for one in endpoints if one.get("conditions", {}).get("ready")]
    assert ready, f"nobody answers for {service}"
    return {address for one in ready for address in one["addresses"]}
