"""Saves evidence from a stack in which something failed, and says what to look at first."""

import re
import shutil
from pathlib import Path
from typing import Any

from deploy.k8s.kubectl import ClusterError, Kubectl
from deploy.k8s.readiness import Seen, is_ready, name, restarts, why_not_ready

JSON = dict[str, Any]
ERROR_MARKS = ('"level": "error"', '"level": "critical"', "Traceback")
TIMESTAMP = re.compile(r'"timestamp": "([^"]+)"')
MAX_NAMED = 5
MAX_CHARACTERS = 300


def keep(kubectl: Kubectl, folder: Path) -> list[str]:
    """Saves logs, events and descriptions to `folder`, replacing its contents; returns what to look at first."""
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
    state = why_not_ready(pod) or ("ready" if is_ready(pod) else "not ready")
    return f"{name(pod)}, restarted {restarts(pod)} times, {state}: {folder / name(pod)}.describe.txt"


def _errors(folder: Path) -> list[str]:
    """The last error in each of the few logs with the latest errors; earlier ones are often just slow starts."""
    errors = {
        log: lines
        for log in folder.glob("*.log")
        if (lines := [line for line in log.read_text().splitlines() if any(word in line for word in ERROR_MARKS)])
    }
    latest = sorted(errors, key=lambda log: _written_at(errors[log][-1]), reverse=True)[:MAX_NAMED]
    return [f"{log}: {len(errors[log])} errors, the last: {errors[log][-1][:MAX_CHARACTERS]}" for log in latest]


def _written_at(line: str) -> str:
    """Third-party lines and tracebacks have no timestamp; they count as newest and come first."""
    found = TIMESTAMP.search(line)
    return found[1] if found else "~"
