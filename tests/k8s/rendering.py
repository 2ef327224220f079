"""The overlays as objects, rendered by the kustomize that the machine has."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.k8s import secrets

DEPLOY = Path(secrets.__file__).parent
OVERLAYS = tuple(sorted(path.name for path in (DEPLOY / "overlays").iterdir() if path.is_dir()))
NAME, ROLE = "app.kubernetes.io/name", "app.kubernetes.io/component"
WORKLOADS = ("Deployment", "StatefulSet", "Job")
Object = dict[str, Any]


@cache
def command() -> tuple[str, ...]:
    """What renders a folder; empty where there is neither."""
    if shutil.which("kubectl"):
        return ("kubectl", "kustomize")
    return ("kustomize", "build") if shutil.which("kustomize") else ()


@cache
def text(overlay: str, component: str = "") -> str:
    """From a copy, with secrets made for the occasion: nothing of the checkout is touched. With one more component."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "k8s"
        shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns("secrets", "*.py", "__pycache__"))
        secrets.write(copy / "overlays" / "kind" / "secrets")
        if component:
            file = copy / "overlays" / overlay / "kustomization.yaml"
            file.write_text(
                file.read_text().replace("components:\n", f"components:\n  - ../../components/{component}\n")
            )
        done = subprocess.run(
            [*command(), str(copy / "overlays" / overlay)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise AssertionError(f"{overlay} does not render: {done.stderr}")
    return done.stdout


def render(overlay: str, component: str = "") -> list[Object]:
    """Fresh objects each time, to be changed at will."""
    return list(yaml.load_all(text(overlay, component), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [it for it in objects if it["kind"] in kinds]


def title(it: Object) -> str:
    return f"{it['kind']}/{it['metadata']['name']}"


def pod(workload: Object) -> Object:
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def pod_labels(workload: Object) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def containers(workload: Object) -> Iterator[Object]:
    yield from pod(workload)["containers"]
    yield from pod(workload).get("initContainers", [])


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """A label selector as Kubernetes reads it; an empty one takes all."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(it, labels) for it in selector.get("matchExpressions", [])
    )


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    is_in = labels.get(expression["key"]) in expression["values"]
    return is_in if expression["operator"] == "In" else not is_in
