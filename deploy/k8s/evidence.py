"""What is kept of a house in which something failed, and what to look at first."""

import re
import shutil
from pathlib import Path
from typing import Any

from deploy.k8s.kubectl import ClusterError, Kubectl
from deploy.k8s.readiness import Seen, is_ready, name, restarts, why_not_ready

JSON = dict[str, Any]
LOUD = ('"level": "error"', '"level": "critical"', "Traceback")
TIMESTAMP = re.compile(r'"timestamp": "([^"]+)"')
MAX_NAMED = 5
MAX_CHARACTERS = 300


def keep(kubectl: Kubectl, folder: Path) -> list[str]:
    """Writes logs, events and descriptions into `folder`; answers what to look at first. What was in it is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    seen = Seen.now(kubectl)
    _write(folder / "all.txt", kubectl, "get", "all,endpointslices,pvc", "--output", "wide")
    _write(folder / "events.txt", kubectl, "get", "events", "--sort-by", ".lastTimestamp", "--output", "wide")
    suspects = [pod for pod in seen.pods if _is_suspect(pod)]
    for pod in seen.pods:
        _write(folder / f"{name(pod)}.log", kubectl, "logs", name(pod), "--all-containers", "--prefix")
        if restarts(pod):
            _write(folder / f"{name(pod)}.previous.log", kubectl, "logs", name(pod), "--previous", "--prefix")
    for pod in suspects:
        _write(folder / f"{name(pod)}.describe.txt", kubectl, "describe", "pod", name(pod))
    return [*_states(seen), *(_pod(pod, folder) for pod in suspects[:MAX_NAMED]), *_errors(folder)]


def _write(file: Path, kubectl: Kubectl, *words: str) -> None:
    try:
        text = kubectl(*words)
    except ClusterError as error:
        text = f"{error}\n"
    file.write_text(text)


def _is_suspect(pod: JSON) -> bool:
    return pod["status"].get("phase") != "Succeeded" and (not is_ready(pod) or restarts(pod) > 0)


def _states(seen: Seen) -> list[str]:
    return [f"{workload} is {state}" for workload, state in seen.states().items() if state not in ("ready", "done")]


def _pod(pod: JSON, folder: Path) -> str:
    said = why_not_ready(pod) or ("ready" if is_ready(pod) else "not ready")
    return f"{name(pod)}, restarted {restarts(pod)} times, {said}: {folder / name(pod)}.describe.txt"


def _errors(folder: Path) -> list[str]:
    """The last loud line of each of the few logs that were loud last: not what was slow at the start."""
    loud = {
        log: lines
        for log in folder.glob("*.log")
        if (lines := [line for line in log.read_text().splitlines() if any(word in line for word in LOUD)])
    }
    latest = sorted(loud, key=lambda log: _written_at(loud[log][-1]), reverse=True)[:MAX_NAMED]
    return [f"{log}: {len(loud[log])} errors, the last {loud[log][-1][:MAX_CHARACTERS]}" for log in latest]


def _written_at(line: str) -> str:
    """Lines of what is not ours, and of tracebacks, name no moment: they come first, as newer than any."""
    found = TIMESTAMP.search(line)
    return found[1] if found else "~"
