"""What the cluster says of its objects becomes one line: ready, or what is missing and why."""

from typing import Any

from deploy.k8s.readiness import Seen

JSON = dict[str, Any]
WANTED = 2


def deployment(name: str, generation: int = 1, **status: int) -> JSON:
    counts = {f"{what}Replicas": WANTED for what in ("ready", "available", "updated")} | {"replicas": WANTED}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "generation": generation},
        "spec": {"replicas": WANTED},
        "status": {"observedGeneration": 1} | counts | status,
    }


def job(name: str, **status: Any) -> JSON:
    return {"kind": "Job", "metadata": {"name": name}, "spec": {}, "status": status}


def pod(name: str, *, ready: bool = False, **container: Any) -> JSON:
    conditions = [{"type": "Ready", "status": str(ready)}]
    container = {"name": "app", "restartCount": 0, "state": {"running": {}}} | container
    return {"metadata": {"name": name}, "status": {"conditions": conditions, "containerStatuses": [container]}}


def warning(of: str, message: str, at: str) -> JSON:
    return {"type": "Warning", "involvedObject": {"name": of}, "message": message, "lastTimestamp": at}


def state(workload: JSON, pods: list[JSON] | None = None, events: list[JSON] | None = None) -> str:
    return Seen([workload], pods or [], events or []).states()[workload["metadata"]["name"]]


def test_a_deployment_is_ready_when_every_replica_is_new_and_no_old_one_is_left() -> None:
    assert state(deployment("auth-serve")) == "ready"
    for unfinished in ({"readyReplicas": 1}, {"updatedReplicas": 1}, {"replicas": 3}, {"availableReplicas": 0}):
        assert state(deployment("auth-serve", **unfinished)) != "ready", unfinished
    assert state(deployment("auth-serve", generation=2)) != "ready", "the change was not looked at yet"


def test_a_container_says_what_keeps_it() -> None:
    waiting = pod("auth-serve-1", state={"waiting": {"reason": "ErrImageNeverPull", "message": "no such image"}})
    assert state(deployment("auth-serve", readyReplicas=0), [waiting]) == "0/2: app: ErrImageNeverPull no such image"
    ended = pod("auth-serve-1", lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    assert state(deployment("auth-serve", readyReplicas=1), [ended]) == "1/2: app: exited with 137 (OOMKilled)"


def test_otherwise_the_last_warning_tells() -> None:
    events = [
        warning("auth-serve-1", "old", "2026-01-01T00:00:00Z"),
        warning("auth-serve-1", "Readiness probe failed:\n 503", "2026-01-01T00:00:09Z"),
        warning("auth-serve-2", "of another", "2026-01-01T00:01:00Z"),
    ]
    assert state(deployment("auth-serve", readyReplicas=1), [pod("auth-serve-1")], events).endswith("failed: 503")
    assert state(deployment("auth-serve", readyReplicas=1), [pod("auth-serve-1")]) == "1/2: starting"


def test_pods_go_by_the_longest_name() -> None:
    seen = Seen([deployment("gateway"), deployment("gateway-two")], [pod("gateway-a"), pod("gateway-two-b")], [])
    assert [one["metadata"]["name"] for one in seen.pods_of("gateway")] == ["gateway-a"]


def test_a_job_is_done_or_has_failed() -> None:
    assert state(job("auth-migrate", succeeded=1)) == "done"
    assert state(job("auth-migrate")) == "starting"
    assert state(job("auth-migrate", conditions=[{"type": "Failed", "status": "True"}])).startswith("failed: ")
