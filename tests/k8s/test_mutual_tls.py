"""The component that has services call each other by mutual TLS."""

from pathlib import Path

import pytest

from chassis.config import Settings
from tests.k8s import workload_rules
from tests.k8s.rendering import NAME, WORKLOADS, Object, containers, of_kind, pod, render, title


@pytest.fixture
def objects(kustomize: None) -> list[Object]:
    return render("production", "mutual-tls")


def settings(objects: list[Object]) -> dict[str, str]:
    """Those that all processes share."""
    found: list[dict[str, str]] = [it["data"] for it in of_kind(objects, "ConfigMap") if "TLS_CA" in it["data"]]
    assert len(found) == 1
    return found[0]


def test_every_process_gets_its_own_certificate(objects: list[Object]) -> None:
    certificates = {it["metadata"]["name"]: it["spec"]["secretName"] for it in of_kind(objects, "Certificate")}
    for workload in of_kind(objects, *WORKLOADS):
        service = workload["metadata"]["labels"][NAME]
        volumes = {it["name"]: it for it in pod(workload)["volumes"]}
        assert volumes["tls"]["secret"]["secretName"] == certificates[service], title(workload)
        for container in containers(workload):
            assert "tls" in {mount["name"] for mount in container["volumeMounts"]}, title(workload)


def test_the_settings_name_what_is_mounted(objects: list[Object]) -> None:
    shared = settings(objects)
    mounts = {
        mount["mountPath"]
        for workload in of_kind(objects, *WORKLOADS)
        for container in containers(workload)
        for mount in container["volumeMounts"]
        if mount["name"] == "tls"
    }
    named = {Path(shared[name]) for name in ("TLS_CERTIFICATE", "TLS_KEY", "TLS_CA")}
    assert {str(path.parent) for path in named} == mounts
    assert {path.name for path in named} == {"tls.crt", "tls.key", "ca.crt"}
    assert Settings.model_validate(shared).tls is not None


def test_certificates_name_the_services_that_are_called(objects: list[Object]) -> None:
    names = {name for it in of_kind(objects, "Certificate") for name in it["spec"].get("dnsNames", ())}
    assert {it["metadata"]["name"] for it in of_kind(objects, "Service")} <= names


def test_probes_use_the_port_without_tls(objects: list[Object]) -> None:
    shared = settings(objects)
    for workload in of_kind(objects, "Deployment"):
        if workload["metadata"]["name"].endswith("-serve"):
            (container,) = pod(workload)["containers"]
            probes = [container[probe]["grpc"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
            assert probes == [int(shared["HEALTH_PORT"])] * 3


def test_workloads_keep_the_rules(objects: list[Object]) -> None:
    assert {title(it): found for it in of_kind(objects, *WORKLOADS) if (found := workload_rules.findings(it))} == {}
