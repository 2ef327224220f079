"""The whole stack in a cluster: deploys it, checks for it, deletes it."""

import contextlib
import json

from rich.console import Console

from deploy.k8s import readiness, secrets
from deploy.k8s.cluster import ROOT, Cluster
from deploy.k8s.kubectl import NAMESPACE, ClusterError, Kubectl

OVERLAY = ROOT / "deploy" / "k8s" / "overlays" / "kind"
# A namespace without this label is not ours and is left alone.
LABEL, VALUE = "soundstage.dev/overlay", "kind"
READY_SECONDS = 600.0


def deploy(cluster: Cluster, console: Console) -> float:
    """Loads the images, applies the overlay and waits; returns the seconds from apply to ready."""
    kubectl, existed = cluster.kubectl, exists(cluster.kubectl)
    cluster.load_images(console)
    secrets.write()
    _create_namespace(kubectl)
    if existed:
        # A finished Job cannot be changed, and an image may have changed under the same name.
        kubectl("delete", "jobs", "--all", "--wait=true", timeout_seconds=120)
    kubectl("apply", "--kustomize", str(OVERLAY), timeout_seconds=120)
    if existed:
        kubectl("rollout", "restart", "deployments,statefulsets")
    return readiness.wait(kubectl, console, seconds=READY_SECONDS)


def delete(kubectl: Kubectl) -> None:
    """Deletes everything in the overlay, including its data."""
    if exists(kubectl):
        kubectl(
            "delete",
            "--kustomize",
            str(OVERLAY),
            "--ignore-not-found",
            "--wait=true",
            "--timeout=300s",
            timeout_seconds=310,
        )


def exists(kubectl: Kubectl) -> bool:
    """Raises if the namespace exists but is not ours: a test must not touch production."""
    if not kubectl.has_namespace():
        return False
    labels = kubectl.json("namespace", NAMESPACE)["metadata"].get("labels", {})
    if labels.get(LABEL) != VALUE:
        raise ClusterError(f"the namespace {NAMESPACE} exists without the label {LABEL}={VALUE}, so it is left alone")
    return True


def _create_namespace(kubectl: Kubectl) -> None:
    metadata = {"name": NAMESPACE, "labels": {LABEL: VALUE}}
    with contextlib.suppress(ClusterError):  # it exists
        kubectl(
            "create",
            "--filename",
            "-",
            stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        )
