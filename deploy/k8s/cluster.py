"""Which cluster: one that kind makes, or the one that stands where KUBECONFIG points."""

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
    """`environ` leads kubectl to it; `load` is the command before an image's archive, empty where none is known."""

    environ: Mapping[str, str] = field(repr=False)
    load: tuple[str, ...]
    made_here: bool = False

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.environ)

    def load_images(self, console: Console) -> None:
        if not self.load:
            console.print("No LOAD_IMAGE: the cluster must have the images, or reach where they are.")
            return
        archives = [archive_path(name) for name in DEPLOYABLES]
        if missing := [str(archive.relative_to(ROOT)) for archive in archives if not archive.exists()]:
            raise ClusterError(f"there is no {', '.join(missing)}: run `make images` first")
        for archive in archives:
            console.print(f"loading {archive.name}, {archive.stat().st_size / 1e6:.0f} MB", highlight=False)
            run([*self.load, str(archive)], self.environ, timeout_seconds=SLOW_SECONDS)

    def url(self) -> str:
        """Of the gateway: the node's address, or this machine's where kind maps the port to it."""
        if given := self.environ.get("SOUNDSTAGE_URL"):
            return given.rstrip("/")
        nodes = self.kubectl.items("nodes")
        if any(_provider(node).startswith("kind://") for node in nodes):
            return f"http://127.0.0.1:{NODE_PORT}"
        addresses = [address for node in nodes for address in node["status"]["addresses"]]
        host = next(address["address"] for address in addresses if address["type"] == "InternalIP")
        return f"http://{host}:{NODE_PORT}"

    def remove(self) -> None:
        """Only what was made here."""
        if self.made_here:
            run([tool("kind"), "delete", "cluster", "--name", KIND_NAME], self.environ, timeout_seconds=SLOW_SECONDS)


def choose(environ: Mapping[str, str], console: Console) -> Cluster:
    """By CLUSTER: `current` (the default) or `kind`."""
    kind = environ.get("CLUSTER") or "current"
    if kind not in ("current", "kind"):
        raise ClusterError(f"CLUSTER={kind} is neither kind nor current")
    cluster = _kind(environ, console) if kind == "kind" else _current(environ)
    try:
        cluster.kubectl.json("nodes")
    except ClusterError as error:
        raise ClusterError(
            f"no cluster answers (KUBECONFIG={cluster.environ.get('KUBECONFIG', '')}): {error}"
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
    console.print("kind makes a cluster")
    create = [command, "create", "cluster", "--name", KIND_NAME, "--wait", "120s", "--config", "-"]
    run(create, environ, stdin=json.dumps(KIND_CONFIG), timeout_seconds=SLOW_SECONDS)
    return Cluster(environ, load, made_here=True)


def _current(environ: Mapping[str, str]) -> Cluster:
    """Without KUBECONFIG or LOAD_IMAGE, those of the cluster in CLUSTER_DIR, where there is one."""
    folder = Path(environ.get("CLUSTER_DIR") or ROOT.parent / "shared" / "cluster")
    beside = Path(environ.get("HOME", "")) / ".cache" / "soundstage-cluster" / "kubeconfig"
    usual = Path(environ.get("HOME", "")) / ".kube" / "config"
    load = tuple(shlex.split(environ.get("LOAD_IMAGE", "")))
    if not environ.get("KUBECONFIG") and not usual.exists() and beside.exists():
        environ = {**environ, "KUBECONFIG": str(beside)}
    if not load and environ.get("KUBECONFIG") == str(beside) and (folder / "load").exists():
        load = (str(folder / "load"),)
    return Cluster(environ, load)


def _provider(node: Mapping[str, Mapping[str, str]]) -> str:
    return node["spec"].get("providerID", "")


def direct(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """The environment with which clients reach the gateway without a proxy between."""
    host = urlsplit(url).hostname or ""
    return {**environ, "NO_PROXY": ",".join(filter(None, (environ.get("NO_PROXY"), host)))}
