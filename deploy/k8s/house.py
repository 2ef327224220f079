"""A house in a cluster: brought there, looked at, taken away."""

import contextlib
import json

from rich.console import Console

from deploy.k8s import readiness, secrets
from deploy.k8s.cluster import ROOT, Cluster
from deploy.k8s.kubectl import NAMESPACE, ClusterError, Kubectl

OVERLAY = ROOT / "deploy" / "k8s" / "overlays" / "kind"
# A namespace without it is somebody else's, and left alone.
LABEL, LABELLED = "soundstage.dev/overlay", "kind"
READY_SECONDS = 600.0


def deploy(cluster: Cluster, console: Console) -> float:
    """Loads the images, applies the overlay and waits; answers the seconds from apply to ready."""
    kubectl, stood = cluster.kubectl, stands(cluster.kubectl)
    cluster.load_images(console)
    secrets.write()
    _claim(kubectl)
    if stood:
        # A finished job cannot be changed, and an image may have changed under its name.
        kubectl("delete", "jobs", "--all", "--wait=true", timeout_seconds=120)
    kubectl("apply", "--kustomize", str(OVERLAY), timeout_seconds=120)
    if stood:
        kubectl("rollout", "restart", "deployments,statefulsets")
    return readiness.wait(kubectl, console, seconds=READY_SECONDS)


def delete(kubectl: Kubectl) -> None:
    """Everything that the overlay has, with its data."""
    if stands(kubectl):
        kubectl(
            "delete",
            "--kustomize",
            str(OVERLAY),
            "--ignore-not-found",
            "--wait=true",
            "--timeout=300s",
            timeout_seconds=310,
        )


def stands(kubectl: Kubectl) -> bool:
    """Raises when the namespace is there and was not made here: a test must not touch a production."""
    if not kubectl.has_namespace():
        return False
    labels = kubectl.json("namespace", NAMESPACE)["metadata"].get("labels", {})
    if labels.get(LABEL) != LABELLED:
        raise ClusterError(f"the namespace {NAMESPACE} is there without the label {LABEL}={LABELLED}: it is left alone")
    return True


def _claim(kubectl: Kubectl) -> None:
    metadata = {"name": NAMESPACE, "labels": {LABEL: LABELLED}}
    with contextlib.suppress(ClusterError):  # it is there
        kubectl(
            "create",
            "--filename",
            "-",
            stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        )
