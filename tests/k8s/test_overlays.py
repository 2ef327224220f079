"""Every overlay renders, is valid for the Kubernetes that it may meet, and keeps the system's rules."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from deploy.configuration import PROCESSES, settings_of, variable
from deploy.k8s import render, secrets
from tests.k8s import manifest_rules, workload_rules
from tests.k8s.rendering import DEPLOY, WORKLOADS, Object, containers, of_kind, pod, title
from tests.k8s.strictly import validate

SCHEMAS = Path(__file__).parent / "schemas"
# The oldest that knows the pause before SIGTERM without a shell, the one that the cluster tests run on, the newest.
MINORS = ("1.30", "1.33", "1.37")


@pytest.mark.parametrize("minor", MINORS)
def test_objects_are_valid(objects: list[Object], minor: str) -> None:
    for it in objects:
        if it["apiVersion"] not in manifest_rules.FOREIGN:
            validate(it, minor)


def test_foreign_objects_are_valid(objects: list[Object]) -> None:
    for it in objects:
        if it["apiVersion"] in manifest_rules.FOREIGN:
            jsonschema.validate(it, json.loads((SCHEMAS / f"{it['kind'].lower()}.json").read_text()))


def test_validation_is_strict(production: list[Object]) -> None:
    it = of_kind(production, "Deployment")[0]
    pod(it)["hostNetworking"] = True
    with pytest.raises(jsonschema.ValidationError):
        validate(it, MINORS[0])


def test_workloads_keep_the_rules(objects: list[Object]) -> None:
    assert {title(it): found for it in of_kind(objects, *WORKLOADS) if (found := workload_rules.findings(it))} == {}


def test_manifests_keep_the_rules(objects: list[Object]) -> None:
    assert manifest_rules.findings(objects) == []


def test_kind_needs_no_foreign_apis(kind: list[Object]) -> None:
    assert {it["apiVersion"] for it in kind} <= manifest_rules.STABLE


def test_kind_fits_a_small_node(kind: list[Object]) -> None:
    """Half of two cores, Jobs included, so that all fit at once beside the control plane. A pod's largest counts."""
    millicores = [
        max(int(each["resources"]["requests"]["cpu"].removesuffix("m")) for each in containers(it))
        * it["spec"].get("replicas", 1)
        for it in of_kind(kind, *WORKLOADS)
    ]
    assert sum(millicores) < 1000


def test_production_goes_by_digest(production: list[Object]) -> None:
    images = [pod(it)["containers"][0]["image"] for it in of_kind(production, *WORKLOADS)]
    assert [image for image in images if not re.fullmatch(r"soundstage/[a-z]+@sha256:[0-9a-f]{64}", image)] == []


def test_production_makes_no_secret(production: list[Object]) -> None:
    assert of_kind(production, "Secret") == []


def test_every_setting_is_one(objects: list[Object]) -> None:
    """A name that no process reads is a mistake in spelling."""
    declared = {
        variable(name, field, settings.model_config.get("env_prefix", ""))
        for settings in map(settings_of, PROCESSES)
        for name, field in settings.model_fields.items()
    }
    told = {
        key for it in of_kind(objects, "ConfigMap") if "dashboard" not in it["metadata"]["name"] for key in it["data"]
    }
    told |= {
        key
        for it in of_kind(objects, "Secret")
        if it["metadata"]["name"].split("-")[0] in PROCESSES
        for key in it["data"]
    }
    assert {key for key in told if not key.startswith(("AWS_", "20260101T000000Z"))} <= declared


def test_drain_is_what_the_rules_take_it_for(objects: list[Object]) -> None:
    settings = [it["data"] for it in of_kind(objects, "ConfigMap") if "SHUTDOWN_GRACE_SECONDS" in it["data"]]
    assert [int(it["SHUTDOWN_GRACE_SECONDS"]) for it in settings] == [workload_rules.DRAIN_SECONDS]


def test_written_files_are_up_to_date() -> None:
    """`python -m deploy.k8s.render` after a change of edges.yaml or VERSION."""
    assert [path.name for path, text in render.files().items() if path.read_text() != text] == []


def test_no_credential_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--cached", "--exclude-standard", "."],
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [path for path in listed.stdout.split() if "/secrets/" in path] == []


def test_secrets_are_made_once(tmp_path: Path) -> None:
    secrets.write(tmp_path)
    made = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    secrets.write(tmp_path)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == made
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
