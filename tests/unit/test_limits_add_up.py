"""What processes may take at once fits the containers that they run in."""

import re
from typing import Any

import pytest
import yaml

from deploy.local.ports import SERVICES
from gateway import objects
from gateway.config import Settings as Gateway
from gateway.web.requests import MAX_HELD_BYTES
from services.streaming.artwork import domain as artwork
from services.streaming.config import Settings as Streaming
from services.streaming.media import renditions, transcode
from services.streaming.media.probe import PROBES_AT_ONCE, TAGS_LIMITS, TRIAL_LIMITS
from services.streaming.storage.spool import COVER_BYTES
from tests.unit.observability.written import ROOT

UNITS = {"Mi": 2**20, "Gi": 2**30}
# A process of ours with its libraries and connections; measured 90 to 160 MiB.
OURS = 192 * 2**20


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)(Mi|Gi)", text)
    assert found, text
    return int(found[1]) * UNITS[found[2]]


def _pod(service: str, name: str) -> dict[str, Any]:
    documents = yaml.safe_load_all((ROOT / "deploy/k8s/base" / f"{service}.yaml").read_text())
    kinds = [d for d in documents if d and d["kind"] == "Deployment" and d["metadata"]["name"] == name]
    pod: dict[str, Any] = kinds[0]["spec"]["template"]["spec"]
    return pod


def _limit(service: str, name: str, what: str) -> int:
    return _bytes(_pod(service, name)["containers"][0]["resources"]["limits"][what])


def _settings(service: str) -> dict[str, str]:
    lines = (ROOT / "deploy/k8s/base/settings" / f"{service}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_probes_fit_the_memory_of_the_service_that_takes_uploads() -> None:
    probe = max(TAGS_LIMITS.memory_bytes, TRIAL_LIMITS.memory_bytes)
    assert OURS + PROBES_AT_ONCE * probe <= _limit("streaming", "streaming-serve", "memory")


def test_transcodings_and_covers_fit_the_memory_of_workers() -> None:
    workers = int(_settings("streaming")["TRANSCODE_WORKERS"])
    each = max(transcode.MEMORY_BYTES, artwork.LIMITS.memory_bytes)
    assert OURS + workers * each <= _limit("streaming", "streaming-work", "memory")


@pytest.mark.parametrize("name", ["streaming-serve", "streaming-work"])
def test_the_spool_fits_its_volume_and_that_the_pod(name: str) -> None:
    volumes = {volume["name"]: volume for volume in _pod("streaming", name)["volumes"]}
    size = _bytes(volumes["spool"]["emptyDir"]["sizeLimit"])
    assert Streaming().spool_bytes < size < _limit("streaming", name, "ephemeral-storage")


def test_the_longest_recording_fits_the_spool_and_so_does_the_largest_upload() -> None:
    settings = Streaming()
    longest = settings.max_recording_seconds * renditions.MAX_BYTES_PER_SECOND + settings.max_upload_bytes
    assert int(_settings("streaming")["TRANSCODE_WORKERS"]) * longest <= settings.spool_bytes
    assert settings.max_upload_bytes + COVER_BYTES <= settings.spool_bytes


def test_bodies_and_media_fit_the_memory_of_the_gateway() -> None:
    settings = Gateway()
    sending = settings.max_streams * (objects.MAX_WHOLE_BYTES + 64 * 1024)
    assert OURS + MAX_HELD_BYTES + sending <= _limit("gateway", "gateway", "memory")


@pytest.mark.parametrize("service", [*SERVICES, "gateway"])
def test_every_container_has_a_limit(service: str) -> None:
    documents = yaml.safe_load_all((ROOT / "deploy/k8s/base" / f"{service}.yaml").read_text())
    for document in documents:
        if document and document["kind"] == "Deployment":
            for container in document["spec"]["template"]["spec"]["containers"]:
                assert _bytes(container["resources"]["limits"]["memory"]) > OURS
