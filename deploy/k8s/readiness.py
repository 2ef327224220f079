"""What is not ready yet, and why: shown while waiting, and in the error after a timeout."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from deploy.k8s.kubectl import ClusterError, Kubectl
from deploy.local.progress import Progress

JSON = dict[str, Any]
KINDS = "statefulsets,jobs,deployments"
POLL_SECONDS = 1.0
MAX_CHARACTERS = 100


@dataclass(frozen=True)
class Seen:
    """The objects of a namespace at one moment."""

    workloads: list[JSON]
    pods: list[JSON]
    events: list[JSON]

    @classmethod
    def now(cls, kubectl: Kubectl) -> "Seen":
        return cls(kubectl.items(KINDS), kubectl.items("pods"), kubectl.items("events"))

    def states(self) -> dict[str, str]:
        """By workload: "ready", "done", or what is missing and why."""
        return {name(workload): self._state(workload) for workload in self.workloads}

    def pods_of(self, workload: str) -> list[JSON]:
        """Matched by name; pods of audience-consume are not audience's."""
        others = [name(one) for one in self.workloads if name(one).startswith(f"{workload}-")]
        mine = [pod for pod in self.pods if name(pod).startswith(f"{workload}-")]
        return [pod for pod in mine if not any(name(pod).startswith(f"{other}-") for other in others)]

    def _state(self, workload: JSON) -> str:
        spec, status = workload["spec"], workload.get("status", {})
        if workload["kind"] == "Job":
            if status.get("succeeded"):
                return "done"
            failed = any(c["type"] == "Failed" and c["status"] == "True" for c in status.get("conditions", []))
            return f"failed: {self._reason(workload)}" if failed else self._reason(workload)
        ready = status.get("readyReplicas", 0)
        return "ready" if _is_rolled_out(workload) else f"{ready}/{spec['replicas']}: {self._reason(workload)}"

    def _reason(self, workload: JSON) -> str:
        """The first reason that one of its pods gives, otherwise the last warning about the workload itself."""
        pods = [pod for pod in self.pods_of(name(workload)) if not is_ready(pod)]
        reasons = [reason for pod in pods if (reason := why_not_ready(pod) or self._warning(name(pod)))]
        reason = next(iter(reasons), "") or ("" if pods else self._warning(name(workload))) or "starting"
        return " ".join(reason.split())[:MAX_CHARACTERS]

    def _warning(self, of: str) -> str:
        warnings = [e for e in self.events if e["type"] == "Warning" and e["involvedObject"]["name"] == of]
        return str(max(warnings, key=_when)["message"]) if warnings else ""


def wait(
    kubectl: Kubectl, console: Console, *, seconds: float, only: Collection[str] = (), is_quiet: bool = False
) -> float:
    """Waits until all workloads, or those in `only`, are ready; returns the seconds it took."""
    seen = Seen.now(kubectl)
    began = time.monotonic()
    with Progress(Console(quiet=True) if is_quiet else console, list(_chosen(seen, only))) as progress:
        while missing := _report(_chosen(seen, only), progress):
            failed = [workload for workload, state in missing.items() if state.startswith("failed")]
            if failed or time.monotonic() - began > seconds:
                raise ClusterError(_timed_out(missing, time.monotonic() - began))
            time.sleep(POLL_SECONDS)
            seen = Seen.now(kubectl)
    return time.monotonic() - began


def _chosen(seen: Seen, only: Collection[str]) -> dict[str, str]:
    return {workload: state for workload, state in seen.states().items() if not only or workload in only}


def _report(states: dict[str, str], progress: Callable[[str, str], None]) -> dict[str, str]:
    """Shows all states and returns those that are not ready."""
    for workload, state in states.items():
        progress(workload, state)
    return {workload: state for workload, state in states.items() if state not in ("ready", "done")}


def _timed_out(missing: dict[str, str], seconds: float) -> str:
    listed = [f"  {workload}: {state}" for workload, state in missing.items()]
    return "\n".join([f"not ready after {seconds:.0f} s:", *listed])


def _is_rolled_out(workload: JSON) -> bool:
    """Whether every replica is new and ready, and no old one is left."""
    spec, status = workload["spec"], workload.get("status", {})
    wanted = spec["replicas"]
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    counts = ["replicas", "readyReplicas", "availableReplicas"]
    if wanted:
        counts.append("updatedReplicas")
    return all(status.get(count, 0) == wanted for count in counts)


def name(item: JSON) -> str:
    return str(item["metadata"]["name"])


def is_ready(pod: JSON) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def restarts(pod: JSON) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", []))


def why_not_ready(pod: JSON) -> str:
    """The reason from its scheduling, or from the first container that waits or has exited; empty if there is none."""
    return next(_reasons(pod), "")


def _reasons(pod: JSON) -> Iterator[str]:
    status = pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield str(condition.get("message", "not scheduled"))
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        waiting, ended = container["state"].get("waiting"), container.get("lastState", {}).get("terminated")
        ended = container["state"].get("terminated") or ended
        if waiting and waiting["reason"] not in ("ContainerCreating", "PodInitializing"):
            yield f"{container['name']}: {waiting['reason']} {waiting.get('message', '')}"
        if ended and ended["exitCode"]:
            yield f"{container['name']}: exited with {ended['exitCode']} ({ended.get('reason', '')})"


def _when(event: JSON) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
