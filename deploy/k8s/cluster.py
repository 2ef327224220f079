"""Which cluster: one created by kind, or the one that KUBECONFIG names."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from deploy.images import DEPLOYABLES, archive_path
from deploy.k8s.kubectl import ClusterError, Kubectl, run, tool

ROOT = Path(__file__).parents[2]
NODE_PORT = 30080
KIND_NAME = "soundstage"
KIND_CONFIG = {
    "kind": "Cluster",
    "apiVersion": "kind.x-k8s.io/v1alpha4",
    "nodes": [
        {
            "role": "control-plane",
            "extraPortMappings": [{"containerPort": NODE_PORT, "hostPort": NODE_PORT, "listenAddress": "127.0.0.1"}],
        }
    ],
}
SLOW_SECONDS = 600.0


@dataclass(frozen=True)
class Cluster:
    """`environ` is kubectl's environment; `load` is the command that loads an image archive, empty if unknown."""

    environ: Mapping[str, str] = field(repr=False)
    load: tuple[str, ...]
    is_ours: bool = False

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.environ)

    def load_images(self, console: Console) -> None:
        if not self.load:
            console.print("LOAD_IMAGE is not set: the cluster must have the images already, or be able to pull them.")
            return
        archives = [archive_path(name) for name in DEPLOYABLES]
        if missing := [str(archive.relative_to(ROOT)) for archive in archives if not archive.exists()]:
            raise ClusterError(f"missing {', '.join(missing)}: run `make images` first")
        for archive in archives:
            console.print(f"loading {archive.name}, {archive.stat().st_size / 1e6:.0f} MB", highlight=False)
            run([*self.load, str(archive)], self.environ, timeout_seconds=SLOW_SECONDS)

    def url(self) -> str:
        """The gateway's URL: on the node, or on this machine if kind maps the port."""
        if given := self.environ.get("SOUNDSTAGE_URL"):
            return given.rstrip("/")
        nodes = self.kubectl.items("nodes")
        if any(_provider(node).startswith("kind://") for node in nodes):
            return f"http://127.0.0.1:{NODE_PORT}"
        addresses = [address for node in nodes for address in node["status"]["addresses"]]
        host = next(address["address"] for address in addresses if address["type"] == "InternalIP")
        return f"http://{host}:{NODE_PORT}"

    def remove(self) -> None:
        """Deletes the cluster if we created it."""
        if self.is_ours:
            run([tool("kind"), "delete", "cluster", "--name", KIND_NAME], self.environ, timeout_seconds=SLOW_SECONDS)


def choose(environ: Mapping[str, str], console: Console) -> Cluster:
    """The cluster that CLUSTER names: `current` (the default) or `kind`."""
    kind = environ.get("CLUSTER") or "current"
    if kind not in ("current", "kind"):
        raise ClusterError(f"CLUSTER={kind} must be kind or current")
    cluster = _kind(environ, console) if kind == "kind" else _current(environ)
    try:
        cluster.kubectl.json("nodes")
    except ClusterError as error:
        raise ClusterError(
            f"the cluster does not answer (KUBECONFIG={cluster.environ.get('KUBECONFIG', '')}): {error}"
        ) from None
    return cluster


def _kind(environ: Mapping[str, str], console: Console) -> Cluster:
    command, config = tool("kind"), ROOT / "build" / "cluster" / "kubeconfig"
    tool("docker")
    config.parent.mkdir(parents=True, exist_ok=True)
    environ = {**environ, "KUBECONFIG": str(config)}
    load = (command, "load", "image-archive", "--name", KIND_NAME)
    if KIND_NAME in run([command, "get", "clusters"], environ).split():
        run([command, "export", "kubeconfig", "--name", KIND_NAME], environ)
        return Cluster(environ, load)
    console.print("creating a cluster with kind")
    create = [command, "create", "cluster", "--name", KIND_NAME, "--wait", "120s", "--config", "-"]
    run(create, environ, stdin=json.dumps(KIND_CONFIG), timeout_seconds=SLOW_SECONDS)
    return Cluster(environ, load, is_ours=True)


def _current(environ: Mapping[str, str]) -> Cluster:
    """Without KUBECONFIG or LOAD_IMAGE, uses those of the cluster in CLUSTER_DIR, if there is one."""
    folder = Path(environ.get("CLUSTER_DIR") or ROOT.parent / "shared" / "cluster")
    fallback = Path(environ.get("HOME", "")) / ".cache" / "soundstage-cluster" / "kubeconfig"
    default = Path(environ.get("HOME", "")) / ".kube" / "config"
    load = tuple(shlex.split(environ.get("LOAD_IMAGE", "")))
    if not environ.get("KUBECONFIG") and not default.exists() and fallback.exists():
        environ = {**environ, "KUBECONFIG": str(fallback)}
    if not load and environ.get("KUBECONFIG") == str(fallback) and (folder / "load").exists():
        load = (str(folder / "load"),)
    return Cluster(environ, load)


def _provider(node: Mapping[str, Mapping[str, str]]) -> str:
    return node["spec"].get("providerID", "")


def direct(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """An environment in which clients reach the gateway without a proxy."""
    host = urlsplit(url).hostname or ""
    return {**environ, "NO_PROXY": ",".join(filter(None, (environ.get("NO_PROXY"), host)))}
