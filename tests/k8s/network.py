"""Who can reach whom, computed from rendered NetworkPolicies as a network plugin would."""

from collections.abc import Iterator

from deploy.k8s import render
from tests.k8s.rendering import NAME, ROLE, WORKLOADS, Object, matches, of_kind, pod_labels

Pod = tuple[str, str]
Edge = tuple[Pod, str]


def pods(objects: list[Object]) -> dict[Pod, dict[str, str]]:
    """The labels of each kind of pod, by name and role."""
    found = [pod_labels(it) for it in of_kind(objects, *WORKLOADS)]
    return {(labels[NAME], labels[ROLE]): labels for labels in found}


def reachable(objects: list[Object]) -> set[Edge]:
    """The pairs of a pod and one of our servers, by its port, that the policies let through."""
    policies, here = of_kind(objects, "NetworkPolicy"), pods(objects)
    targets = {name: here.get((name, "serve"), here.get((name, "backing"))) for name in render.ports()}
    return {
        (caller, name)
        for caller, labels in here.items()
        for name, target in targets.items()
        if target and _passes(policies, labels, target, render.ports()[name])
    }


def expected(objects: list[Object]) -> set[Edge]:
    """The list of the call graph, as far as it is between pods that are here."""
    here = pods(objects)
    names = {name for name, role in here if role in ("serve", "backing")}
    return {
        (caller, it) for caller, callees in render.edges().items() if caller in here for it in callees if it in names
    }


def leaving(objects: list[Object]) -> set[Edge]:
    """The stores outside the cluster that each pod may go to, by the port."""
    ports = {port: name for name, port in render.ports().items()}
    policies = of_kind(objects, "NetworkPolicy")
    return {
        (caller, ports[port["port"]])
        for caller, labels in pods(objects).items()
        for rule in _rules(policies, labels, "Egress")
        if any("ipBlock" in peer for peer in rule.get("to", [{"ipBlock": {}}]))
        for port in rule["ports"]
    }


def _passes(policies: list[Object], source: dict[str, str], target: dict[str, str], port: int) -> bool:
    goes_out = any(_lets(rule, "to", target, port) for rule in _rules(policies, source, "Egress"))
    comes_in = any(_lets(rule, "from", source, port) for rule in _rules(policies, target, "Ingress"))
    return goes_out and comes_in


def _rules(policies: list[Object], labels: dict[str, str], way: str) -> Iterator[Object]:
    """Of all policies that select the pod; where none does, everything is let through."""
    chosen = [it["spec"] for it in policies if way in it["spec"]["policyTypes"]]
    chosen = [spec for spec in chosen if matches(spec["podSelector"], labels)]
    if not chosen:
        yield {}
    for spec in chosen:
        yield from spec.get(way.lower(), [])


def _lets(rule: Object, side: str, labels: dict[str, str], port: int) -> bool:
    """Peers of other namespaces and addresses are none of our pods."""
    ports = rule.get("ports")
    is_port = ports is None or any(it["port"] <= port <= it.get("endPort", it["port"]) for it in ports)
    peers = rule.get(side)
    is_peer = peers is None or any(
        "namespaceSelector" not in it and "podSelector" in it and matches(it["podSelector"], labels) for it in peers
    )
    return is_port and is_peer
