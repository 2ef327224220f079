"""`python -m deploy.k8s.render` writes what derives from edges.yaml and VERSION: network policies and the release."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.local.ports import SERVICES

HERE = Path(__file__).parent
COMPONENTS = HERE / "components"
VERSION = HERE.parents[1] / "VERSION"
HEAD = "# Written by `python -m deploy.k8s.render`.\n"
STORES = ("postgres", "valkey", "mongo", "kafka")
TEMPLATED = ("Deployment", "StatefulSet", "Job")
Object = dict[str, Any]
# A caller: (name, role).
Pod = tuple[str, str]


def edges() -> dict[Pod, list[str]]:
    """For each caller, the names that it opens connections to."""
    listed = _listed()
    return {(name, role): callees for name in listed if name != "ports" for role, callees in listed[name].items()}


def ports() -> dict[str, int]:
    found: dict[str, int] = _listed()["ports"]
    return found


def files() -> dict[Path, str]:
    """Each generated file and its text."""
    inside, outside = COMPONENTS / "network-policies", COMPONENTS / "outside-stores"
    return {
        inside / "services.yaml": _text(_service_policies()),
        COMPONENTS / "backing" / "policies.yaml": _text(_backing_policies()),
        outside / "policies.yaml": _text(_outside_policies()),
        COMPONENTS / "release" / "kustomization.yaml": _text([_release(VERSION.read_text().strip())]),
    }


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = yaml.safe_load((HERE / "edges.yaml").read_text())
    return listed


def _service_policies() -> Iterator[Object]:
    """Between processes: each service admits its callers, and each caller may connect to what it calls."""
    for service in SERVICES:
        yield _policy(f"{service}-callers", _pods(service, "serve"), "Ingress", [_from(service)])
    for name, roles, callees in _calls(SERVICES):
        rules = [{"to": [_pods(it, "serve")], **_port(it)} for it in callees]
        yield _policy(f"{name}-{'-'.join(roles)}-calls", _pods(name, *roles), "Egress", rules)


def _backing_policies() -> Iterator[Object]:
    """The same for stores that run as pods in the cluster."""
    for store in STORES:
        yield _policy(f"{store}-callers", _pods(store, "backing"), "Ingress", [_from(store)])
    for name, roles, callees in _calls(STORES):
        rules = [{"to": [_pods(it, "backing")], **_port(it)} for it in callees]
        yield _policy(f"{name}-{'-'.join(roles)}-stores", _pods(name, *roles), "Egress", rules)


def _outside_policies() -> Iterator[Object]:
    """The same for external stores: by port, at addresses that an overlay may narrow."""
    for name, roles, callees in _calls((*STORES, "objects")):
        if roles != ["backing"]:
            rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [_port(it)["ports"][0] for it in callees]}
            yield _policy(f"{name}-{'-'.join(roles)}-stores", _pods(name, *roles), "Egress", [rule])


def _calls(wanted: tuple[str, ...]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Name, roles and callees; roles of a name with the same callees among `wanted` are grouped."""
    roles: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (name, role), callees in edges().items():
        if found := tuple(it for it in callees if it in wanted):
            roles.setdefault((name, found), []).append(role)
    for (name, found), those in roles.items():
        yield name, those, list(found)


def _from(callee: str) -> Object:
    roles: dict[str, list[str]] = {}
    for (name, role), callees in edges().items():
        if callee in callees:
            roles.setdefault(name, []).append(role)
    return {"from": [_pods(name, *those) for name, those in roles.items()], **_port(callee)}


def _policy(name: str, pods: Object, direction: str, rules: list[Object]) -> Object:
    spec = {**pods, "policyTypes": [direction], direction.lower(): rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def _pods(name: str, *roles: str) -> Object:
    is_of_role = {"key": "app.kubernetes.io/component", "operator": "In", "values": list(roles)}
    return {"podSelector": Line(matchLabels={"app.kubernetes.io/name": name}, matchExpressions=[is_of_role])}


def _port(name: str) -> Object:
    return {"ports": [{"protocol": "TCP", "port": ports()[name]}]}


def _release(version: str) -> Object:
    """One version everywhere: images, labels, and the names of Jobs, which cannot be changed once they exist."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "images": [{"name": f"soundstage/{it}", "newTag": version} for it in (*SERVICES, "gateway", "backing")],
        "labels": [
            {"pairs": {"app.kubernetes.io/version": version}, "fields": [_template(kind) for kind in TEMPLATED]}
        ],
        "patches": [_renamed(job, version) for job in (*(f"{it}-migrate" for it in SERVICES), "databases")],
    }


def _template(kind: str) -> Object:
    """Not `includeTemplates`: that also labels a StatefulSet's claims, which can never be changed."""
    return {"path": "spec/template/metadata/labels", "kind": kind, "create": True}


def _renamed(job: str, version: str) -> Object:
    name = f"{job}-{version.replace('.', '-').lower()}"
    patch = yaml.safe_dump([{"op": "replace", "path": "/metadata/name", "value": name}])
    return {"target": {"kind": "Job", "name": job}, "patch": patch, "options": {"allowNameChange": True}}


class Line(dict[str, Any]):
    """A mapping written on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)
)


def _text(objects: Any) -> str:
    return HEAD + yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=300)


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
