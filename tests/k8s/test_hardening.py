"""Each field that hardens, taken away or turned into its opposite, is noticed by a rule."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from tests.k8s import manifest_rules, rendering, workload_rules
from tests.k8s.rendering import WORKLOADS, Object, containers, of_kind, pod, title

Change = Callable[[Object], Any]

OF_THE_POD = (
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "securityContext",
    "securityContext.runAsNonRoot",
    "securityContext.runAsUser",
    "securityContext.runAsGroup",
    "securityContext.fsGroup",
    "securityContext.seccompProfile",
    "topologySpreadConstraints",
    "terminationGracePeriodSeconds",
    "initContainers",
)
OF_A_CONTAINER = (
    "imagePullPolicy",
    "lifecycle",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
    "resources.requests.cpu",
    "resources.requests.memory",
    "resources.requests.ephemeral-storage",
    "resources.limits.memory",
    "resources.limits.ephemeral-storage",
    "securityContext",
    "securityContext.runAsNonRoot",
    "securityContext.allowPrivilegeEscalation",
    "securityContext.readOnlyRootFilesystem",
    "securityContext.capabilities",
    "securityContext.capabilities.drop",
)
OF_THE_WORKLOAD = (
    "strategy",
    "strategy.rollingUpdate",
    "strategy.rollingUpdate.maxUnavailable",
    "ttlSecondsAfterFinished",
    "activeDeadlineSeconds",
    "backoffLimit",
)
HOST_PORT = {"name": "host", "containerPort": 80, "hostPort": 80}
OPPOSITES: dict[str, Change] = {
    "root": lambda it: pod(it)["securityContext"].update(runAsUser=0),
    "root in a container": lambda it: _first(it)["securityContext"].update(runAsUser=0),
    "privileged": lambda it: _first(it)["securityContext"].update(privileged=True),
    "capability": lambda it: _first(it)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    "unconfined": lambda it: pod(it)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "network of the host": lambda it: pod(it).update(hostNetwork=True),
    "processes of the host": lambda it: pod(it).update(hostPID=True),
    "memory of the host": lambda it: pod(it).update(hostIPC=True),
    "path of the host": lambda it: pod(it)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    "port of the host": lambda it: _first(it).setdefault("ports", []).append(HOST_PORT),
    "sysctl": lambda it: pod(it)["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    "secret in the environment": lambda it: (
        _first(it).setdefault("env", []).append({"name": "A_PASSWORD", "value": "x"})
    ),
    "secrets in the environment": lambda it: _first(it).setdefault("envFrom", []).append({"secretRef": {"name": "x"}}),
    "latest": lambda it: _first(it).update(image="soundstage/auth:latest"),
    "no tag": lambda it: _first(it).update(image="soundstage/auth"),
    "unsized": lambda it: _empty(it).pop("sizeLimit"),
    "no /tmp": lambda it: _first(it).update(
        volumeMounts=[m for m in _first(it)["volumeMounts"] if m["mountPath"] != "/tmp"]
    ),
}


@cache
def workloads() -> list[Object]:
    return [it for name in ("kind", "production") for it in of_kind(rendering.render(name), *WORKLOADS)]


@pytest.mark.parametrize("path", OF_THE_WORKLOAD)
def test_a_workload_without_it_is_noticed(kustomize: None, path: str) -> None:
    assert unnoticed(path, lambda it: [it["spec"]]) == []


@pytest.mark.parametrize("path", OF_THE_POD)
def test_a_pod_without_it_is_noticed(kustomize: None, path: str) -> None:
    assert unnoticed(path, lambda it: [pod(it)]) == []


@pytest.mark.parametrize("path", OF_A_CONTAINER)
def test_a_container_without_it_is_noticed(kustomize: None, path: str) -> None:
    assert unnoticed(path, lambda it: list(containers(it))) == []


@pytest.mark.parametrize("name", OPPOSITES)
def test_the_opposite_is_noticed(kustomize: None, name: str) -> None:
    for it in workloads():
        changed = deepcopy(it)
        OPPOSITES[name](changed)
        assert workload_rules.findings(changed), title(it)


@pytest.mark.parametrize("overlay", ["kind", "production"])
def test_an_object_less_is_noticed(kustomize: None, overlay: str) -> None:
    """What Prometheus and people read is not missed; nor is the Job of stores that a system need not have."""
    objects = rendering.render(overlay)
    spared = ("PrometheusRule/", "PodMonitor/", "Ingress/", "ConfigMap/soundstage-dashboard", "Job/databases")
    needed = [it for it in objects if not title(it).startswith(spared)]
    assert [
        title(it) for it in needed if not manifest_rules.findings([each for each in objects if each is not it])
    ] == []


SYSTEM: dict[str, tuple[str, Change]] = {
    "maxUnavailable": ("PodDisruptionBudget", lambda it: it["spec"].pop("maxUnavailable")),
    "unhealthyPodEvictionPolicy": ("PodDisruptionBudget", lambda it: it["spec"].pop("unhealthyPodEvictionPolicy")),
    "minReplicas": ("HorizontalPodAutoscaler", lambda it: it["spec"].pop("minReplicas")),
    "token": ("ServiceAccount", lambda it: it.pop("automountServiceAccountToken")),
    "enforce": ("Namespace", lambda it: it["metadata"]["labels"].pop("pod-security.kubernetes.io/enforce")),
    "from": ("NetworkPolicy", lambda it: [rule.pop("from", rule.pop("to", None)) for rule in _rules(it)]),
    "tls": ("Ingress", lambda it: it["spec"].pop("tls")),
}


@pytest.mark.parametrize("name", SYSTEM)
def test_a_system_without_it_is_noticed(production: list[Object], name: str) -> None:
    kind, change = SYSTEM[name]
    for position, it in enumerate(production):
        if it["kind"] == kind and (kind != "NetworkPolicy" or it["metadata"]["name"].endswith(("-callers", "-calls"))):
            changed = deepcopy(it)
            change(changed)
            assert manifest_rules.findings([*production[:position], changed, *production[position + 1 :]]), title(it)


def unnoticed(path: str, places: Callable[[Object], list[Object]]) -> list[str]:
    """The workloads that have the field and whose rules do not miss it; at least one must have it."""
    changed = [(it, without) for it in workloads() for without in _without(it, path, places)]
    assert changed
    return [title(it) for it, without in changed if not workload_rules.findings(without)]


def _without(it: Object, path: str, places: Callable[[Object], list[Object]]) -> Iterator[Object]:
    *above, last = path.split(".")
    for position in range(len(places(it))):
        changed = deepcopy(it)
        place = places(changed)[position]
        for name in above:
            place = place.get(name, {})
        if place.pop(last, None) is not None:
            yield changed


def _first(it: Object) -> Object:
    found: Object = pod(it)["containers"][0]
    return found


def _empty(it: Object) -> Object:
    return next(volume["emptyDir"] for volume in pod(it)["volumes"] if "emptyDir" in volume)


def _rules(policy: Object) -> list[Object]:
    return [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
