"""Rules about all objects of an overlay together, under their names in kube-linter (L) and kube-score (S)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from deploy.k8s import render
from deploy.local.services import ROLES
from tests.k8s import network
from tests.k8s.rendering import NAME, ROLE, WORKLOADS, Object, containers, matches, of_kind, pod, pod_labels, title

Findings = Iterator[str]
Rule = Callable[[list[Object]], Findings]
STABLE = {"v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v2", "networking.k8s.io/v1"}
FOREIGN = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1"}
MAX_LABEL_LENGTH = 63


def every_role_runs(objects: list[Object]) -> Findings:
    wanted = {f"{service}-{role}" for service, roles in ROLES.items() for role in roles} | {"gateway"}
    yield from wanted ^ {it["metadata"]["name"] for it in of_kind(objects, "Deployment")}


def every_service_migrates(objects: list[Object]) -> Findings:
    """A Job cannot be changed, so its name carries the version."""
    names = [it["metadata"]["name"] for it in of_kind(objects, "Job")]
    yield from (it for it in ROLES if not any(re.fullmatch(rf"{it}-migrate-(\d.*|post)", name) for name in names))


def everything_is_ours(objects: list[Object]) -> Findings:
    """L use-namespace; labels that say what a thing is; S label-values."""
    for it in objects:
        labels = it["metadata"].get("labels", {})
        if it["kind"] != "Namespace" and it["metadata"].get("namespace") != "soundstage":
            yield f"{title(it)} has another namespace"
        if it["kind"] in WORKLOADS and not {NAME, ROLE, "app.kubernetes.io/version"} <= pod_labels(it).keys():
            yield f"{title(it)} lacks labels"
        if any(len(value) > MAX_LABEL_LENGTH for value in labels.values()):
            yield f"{title(it)} has long labels"
        if it["kind"] not in ("ConfigMap", "Secret") and labels.get("app.kubernetes.io/part-of") != "soundstage":
            yield f"{title(it)} is part of nothing"


def apis_are_stable(objects: list[Object]) -> Findings:
    """L no-extensions-v1beta; S stable-version."""
    yield from (title(it) for it in objects if it["apiVersion"] not in STABLE | FOREIGN)


def namespace_is_restricted(objects: list[Object]) -> Findings:
    for it in of_kind(objects, "Namespace"):
        labels = it["metadata"]["labels"]
        wanted = [f"pod-security.kubernetes.io/{way}" for way in ("enforce", "audit", "warn")]
        yield from (way for way in wanted if labels.get(way) != "restricted")
    if not of_kind(objects, "Namespace"):
        yield "Namespace"


def accounts_exist_and_hold_nothing(objects: list[Object]) -> Findings:
    """L non-existent-service-account, access-to-secrets, wildcard-in-rules, cluster-admin-role-binding."""
    accounts = {it["metadata"]["name"]: it for it in of_kind(objects, "ServiceAccount")}
    yield from (title(it) for it in of_kind(objects, *WORKLOADS) if pod(it).get("serviceAccountName") not in accounts)
    for it in accounts.values():
        if it.get("automountServiceAccountToken") is not False:
            yield title(it)
    yield from (title(it) for it in objects if it["apiVersion"].startswith("rbac"))


def services_find_pods(objects: list[Object]) -> Findings:
    """L dangling-service, invalid-target-ports, exposed-services; S service-targets-pod, service-type."""
    for it in of_kind(objects, "Service"):
        found = [
            each
            for each in of_kind(objects, *WORKLOADS)
            if matches({"matchLabels": it["spec"]["selector"]}, pod_labels(each))
        ]
        ports = [{port["name"] for port in pod(each)["containers"][0]["ports"]} for each in found]
        if len(found) != 1 or not {port["targetPort"] for port in it["spec"]["ports"]} <= ports[0]:
            yield title(it)
        is_gateway = it["metadata"]["name"] == "gateway"
        if it["spec"].get("clusterIP") != "None" and not is_gateway:
            yield f"{title(it)} is not headless"
        if it["spec"].get("type", "ClusterIP") not in ("ClusterIP", *(["NodePort"] if is_gateway else [])):
            yield f"{title(it)} is exposed"


def every_server_has_a_service(objects: list[Object]) -> Findings:
    services = [it["spec"]["selector"] for it in of_kind(objects, "Service")]
    for it in of_kind(objects, "Deployment", "StatefulSet"):
        serves = pod_labels(it)[ROLE] in ("serve", "backing")
        if serves and not any(matches({"matchLabels": selector}, pod_labels(it)) for selector in services):
            yield title(it)


def disruptions_are_bounded(objects: list[Object]) -> Findings:
    """L pdb-max-unavailable, pdb-min-available, pdb-unhealthy-pod-eviction-policy.

    S deployment-has-poddisruptionbudget, poddisruptionbudget-has-policy.
    """
    budgets = of_kind(objects, "PodDisruptionBudget")
    for it in of_kind(objects, "Deployment"):
        if sum(matches(budget["spec"]["selector"], pod_labels(it)) for budget in budgets) != 1:
            yield title(it)
    for budget in budgets:
        if budget["spec"].get("maxUnavailable") != 1 or "minAvailable" in budget["spec"]:
            yield title(budget)
        if budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{title(budget)}: unhealthyPodEvictionPolicy"
        # A Job's pods have no scale: with one among them, nothing could ever be evicted.
        if any(matches(budget["spec"]["selector"], pod_labels(it)) for it in of_kind(objects, "Job")):
            yield f"{title(budget)} selects a Job"


def replicas_are_one_hand_s(objects: list[Object]) -> Findings:
    """S horizontalpodautoscaler-has-target, deployment-targeted-by-hpa-does-not-have-replicas-configured,
    deployment-replicas, horizontalpodautoscaler-replicas; L dangling-horizontalpodautoscaler."""
    deployments = {it["metadata"]["name"]: it for it in of_kind(objects, "Deployment")}
    scaled: dict[str, int] = {}
    for it in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject"):
        target, spec = it["spec"]["scaleTargetRef"]["name"], it["spec"]
        scaled[target] = spec.get("minReplicas", spec.get("minReplicaCount", 1))
        if target not in deployments or "replicas" in deployments[target]["spec"]:
            yield title(it)
    least = 1 if any(it["metadata"]["name"] == "postgres" for it in objects) else 2
    for name, it in deployments.items():
        wanted = 2 if pod_labels(it)[ROLE] == "serve" else least
        if scaled.get(name, it["spec"].get("replicas", 1)) < wanted:
            yield f"{name} has too few replicas"


def what_is_referred_to_is_there(objects: list[Object]) -> Findings:
    """ConfigMaps by their hash; Secrets too, where the overlay makes any. docs/deploy.md names those it does not."""
    there = {title(it) for it in objects}
    makes_secrets = any(it["kind"] == "Secret" for it in objects)
    for it in of_kind(objects, *WORKLOADS):
        for reference in _references(it):
            if reference not in there and (makes_secrets or not reference.startswith("Secret/")):
                yield f"{title(it)} needs {reference}"


def secrets_are_one_service_s(objects: list[Object]) -> Findings:
    """Nobody mounts what is another's."""
    for it in of_kind(objects, *WORKLOADS):
        name = pod_labels(it)[NAME]
        secrets = [each.partition("/")[2] for each in _references(it) if each.startswith("Secret/")]
        yield from (
            f"{title(it)}: {each}" for each in secrets if not re.match(rf"{name}(-signing-keys)?(-[a-z0-9]+)?$", each)
        )


def network_is_the_call_graph(objects: list[Object]) -> Findings:
    """S pod-networkpolicy, networkpolicy-targets-pod; L non-isolated-pod, dangling-networkpolicy."""
    reachable, expected = network.reachable(objects), network.expected(objects)
    yield from (f"{caller} reaches {callee}" for caller, callee in reachable - expected)
    yield from (f"{caller} does not reach {callee}" for caller, callee in expected - reachable)


def stores_outside_are_reached(objects: list[Object]) -> Findings:
    """Each pod may leave for the ports of its own stores, and none where they are inside."""
    stores = set() if of_kind(objects, "StatefulSet") else {*render.STORES, "objects"}
    wanted = {(caller, it) for caller in network.pods(objects) for it in render.edges().get(caller, []) if it in stores}
    yield from (f"{caller} to {store}" for caller, store in wanted ^ network.leaving(objects))


def doors_are_known(objects: list[Object]) -> Findings:
    """Who may come in or go out beyond the call graph: names and traces out, the public and Prometheus in."""
    public = [it for it in of_kind(objects, "NetworkPolicy") if not _is_between_pods(it)]
    known = {"nothing-by-default", "names-are-resolved", "gateway-is-public", "metrics-are-read", "traces-go-out"}
    yield from {it["metadata"]["name"] for it in public if not it["metadata"]["name"].endswith("-stores")} - known
    names = {it["metadata"]["name"] for it in of_kind(objects, "NetworkPolicy")}
    yield from {"nothing-by-default", "names-are-resolved", "gateway-is-public"} - names
    if of_kind(objects, "PodMonitor"):
        yield from {"metrics-are-read", "traces-go-out"} - names


def ingress_finds_the_gateway(objects: list[Object]) -> Findings:
    """L dangling-ingress; S ingress-targets-service. Nothing is let in without TLS."""
    ports = {
        it["metadata"]["name"]: {port["name"] for port in it["spec"]["ports"]} for it in of_kind(objects, "Service")
    }
    for it in of_kind(objects, "Ingress"):
        if not it["spec"].get("tls"):
            yield "no TLS"
        backends = [path["backend"]["service"] for rule in it["spec"]["rules"] for path in rule["http"]["paths"]]
        yield from (each["name"] for each in backends if each["port"]["name"] not in ports.get(each["name"], set()))


def _is_between_pods(policy: Object) -> bool:
    rules = [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
    peers = [peer for rule in rules for peer in rule.get("from", rule.get("to", [{}]))]
    return bool(peers) and all(peer.keys() == {"podSelector"} for peer in peers)


def _references(it: Object) -> list[str]:
    found: list[Any] = [
        f"ConfigMap/{source['configMapRef']['name']}" for each in containers(it) for source in each.get("envFrom", [])
    ]
    for volume in pod(it)["volumes"]:
        if "secret" in volume:
            found.append(f"Secret/{volume['secret']['secretName']}")
        if "persistentVolumeClaim" in volume:
            found.append(f"PersistentVolumeClaim/{volume['persistentVolumeClaim']['claimName']}")
    return found


RULES: tuple[Rule, ...] = (
    every_role_runs,
    every_service_migrates,
    everything_is_ours,
    apis_are_stable,
    namespace_is_restricted,
    accounts_exist_and_hold_nothing,
    services_find_pods,
    every_server_has_a_service,
    disruptions_are_bounded,
    replicas_are_one_hand_s,
    what_is_referred_to_is_there,
    secrets_are_one_service_s,
    network_is_the_call_graph,
    stores_outside_are_reached,
    doors_are_known,
    ingress_finds_the_gateway,
)


def findings(objects: list[Object]) -> list[str]:
    return [f"{rule.__name__}: {found}" for rule in RULES for found in rule(objects)]
