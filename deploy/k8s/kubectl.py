"""The `kubectl` command, with its output as JSON."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

NAMESPACE = "soundstage"
JSON = dict[str, Any]


class ClusterError(Exception):
    """Stops the program with this message and exit code 1."""


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ClusterError(f"{name} is not on the PATH")
    return found


def run(argv: list[str], environ: Mapping[str, str], *, stdin: str | None = None, timeout_seconds: float = 60) -> str:
    """Returns what the command printed; on failure raises the last line of its output."""
    try:
        done = subprocess.run(
            argv, env=environ, input=stdin, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{' '.join(argv[:4])}: no answer in {timeout_seconds:.0f} s") from None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ClusterError(f"{' '.join(argv[:4])}: {''.join(reason)}")
    return done.stdout


class Kubectl:
    """kubectl for one namespace, in the cluster that the environment's KUBECONFIG names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._command = [tool("kubectl"), "--namespace", NAMESPACE]

    def __call__(self, *words: str, stdin: str | None = None, timeout_seconds: float = 60) -> str:
        return run([*self._command, *words], self._environ, stdin=stdin, timeout_seconds=timeout_seconds)

    def json(self, *words: str) -> JSON:
        return dict(json.loads(self("get", *words, "--output", "json")))

    def items(self, *words: str) -> list[JSON]:
        """Objects of these kinds, such as `items("pods,jobs")`."""
        return list(self.json(*words)["items"])

    def names(self, kind: str) -> list[str]:
        return [str(item["metadata"]["name"]) for item in self.items(kind)]

    def has_namespace(self) -> bool:
        return bool(self("get", "namespace", NAMESPACE, "--ignore-not-found", "--output", "name"))

    def metrics(self, pod: str, port: str = "metrics") -> str:
        """A pod's /metrics, fetched through the API server, because this machine may not reach pods."""
        number = self._port(pod, port)
        return self("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:{number}/proxy/metrics")

    def _port(self, pod: str, name: str) -> int:
        containers = self.json("pod", pod)["spec"]["containers"]
        ports = [port for container in containers for port in container.get("ports", [])]
        return next(int(port["containerPort"]) for port in ports if port.get("name") == name)
