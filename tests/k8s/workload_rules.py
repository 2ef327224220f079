"""Rules about one workload. Each yields what is wrong, and says what kube-linter (L) and kube-score (S) call it.

Not taken: CPU limits (S container-resources), which slow a process down while the node is idle; `Always` pulling
(S container-image-pull-policy), as tags are never used twice and production goes by digest; three replicas and more
(L minimum-three-replicas); probes that differ (S pod-probes-identical): gRPC health is the one honest answer of who
serves, the metrics port of who works, and their patience differs.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.k8s.rendering import ROLE, Object, containers, pod, pod_labels

Findings = Iterator[str]
Rule = Callable[[Object], Findings]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
# After a pause comes SIGTERM, the drain (SHUTDOWN_GRACE_SECONDS), and closing; of the gateway's, 5 s are its farewell.
DRAIN_SECONDS, CLOSING_SECONDS = 25, 10
MIN_PAUSE_SECONDS = 10


def runs_as_nobody(it: Object) -> Findings:
    """L run-as-non-root; S container-security-context-user-group-id."""
    context = pod(it).get("securityContext", {})
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot"
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        if context.get(name, 0) < 10_000:
            yield name
    for container in containers(it):
        if _security(container).get("runAsNonRoot") is not True or "runAsUser" in _security(container):
            yield f"{container['name']}: runAsNonRoot"


def cannot_gain_privileges(it: Object) -> Findings:
    """L privilege-escalation-container, privileged-container, drop-net-raw-capability; S ...-privileged."""
    for container in containers(it):
        security = _security(container)
        if security.get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']}: allowPrivilegeEscalation"
        if security.get("privileged"):
            yield f"{container['name']}: privileged"
        capabilities = security.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
            yield f"{container['name']}: capabilities"


def is_confined(it: Object) -> Findings:
    """The restricted pod security standard: seccomp, no namespaces, ports, paths or sysctls of the host.

    L host-ipc, host-network, host-pid, sensitive-host-mounts, docker-sock, unsafe-sysctls, writable-host-mount.
    """
    spec = pod(it)
    if spec.get("securityContext", {}).get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile"
    if spec.get("securityContext", {}).get("sysctls"):
        yield "sysctls"
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    yield from ("hostPath" for volume in spec["volumes"] if "hostPath" in volume)
    yield from ("hostPort" for container in containers(it) for port in container.get("ports", []) if "hostPort" in port)


def writes_only_to_sized_volumes(it: Object) -> Findings:
    """L no-read-only-root-fs; S container-security-context-readonlyrootfilesystem."""
    for container in containers(it):
        if _security(container).get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']}: readOnlyRootFilesystem"
        if not any(mount["mountPath"] == "/tmp" for mount in container.get("volumeMounts", [])):
            yield f"{container['name']}: no /tmp"
    for volume in pod(it)["volumes"]:
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            yield f"emptyDir {volume['name']} without a size"


def holds_no_token(it: Object) -> Findings:
    """L default-service-account, deprecated-service-account-field. Service links would set variables of ours."""
    spec = pod(it)
    if spec.get("serviceAccountName") != pod_labels(it)["app.kubernetes.io/name"]:
        yield "serviceAccountName"
    yield from (it for it in ("automountServiceAccountToken", "enableServiceLinks") if spec.get(it) is not False)


def reads_secrets_as_files(it: Object) -> Findings:
    """L env-var-secret, read-secret-from-env-var; S environment-variable-key-duplication."""
    for container in containers(it):
        names = [variable["name"] for variable in container.get("env", [])]
        if len(names) != len(set(names)) or any(re.search("PASSWORD|TOKEN|_KEY$|_URL$", name) for name in names):
            yield f"{container['name']}: env"
        if any("valueFrom" in variable for variable in container.get("env", [])):
            yield f"{container['name']}: valueFrom"
        if any("secretRef" in source for source in container.get("envFrom", [])):
            yield f"{container['name']}: secretRef"
        mounts = [mount for mount in container["volumeMounts"] if mount["name"] in _secret_volumes(it)]
        yield from (f"{container['name']}: writable {mount['name']}" for mount in mounts if not mount.get("readOnly"))
    yield from (f"mode of {name}" for name, volume in _secret_volumes(it).items() if volume.get("defaultMode") != 0o440)


def is_sized(it: Object) -> Findings:
    """L unset-cpu-requirements, unset-memory-requirements; S container-ephemeral-storage-request-and-limit."""
    for container in containers(it):
        resources = container.get("resources", {})
        for name in ("cpu", "memory", "ephemeral-storage"):
            if name not in resources.get("requests", {}):
                yield f"{container['name']}: request of {name}"
            if name not in resources.get("limits", {}) and name != "cpu":
                yield f"{container['name']}: limit of {name}"


def names_its_image(it: Object) -> Findings:
    """L latest-tag; S container-image-tag."""
    for container in containers(it):
        if not re.search(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$", container["image"]):
            yield f"{container['name']}: {container['image']}"
        if container.get("imagePullPolicy") != "IfNotPresent":
            yield f"{container['name']}: imagePullPolicy"


def is_probed(it: Object) -> Findings:
    """L no-liveness-probe, no-readiness-probe, liveness-port, readiness-port, startup-port; S pod-probes."""
    if it["kind"] == "Job":
        return
    app = pod(it)["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in app["ports"]}
    for name in PROBES:
        probe = app.get(name, {})
        # Where calls are TLS, health has a port of its own.
        if "grpc" in ports and probe.get("grpc", {}).get("port") != ports.get("health", ports["grpc"]):
            yield f"{name} is not of the gRPC port"
        target = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
        if target is not None and target not in ports:
            yield f"{name} asks a port that is none"
        if not {"grpc", "httpGet", "tcpSocket", "exec"} & probe.keys():
            yield name


def liveness_asks_no_dependency(it: Object) -> Findings:
    """/healthz of the gateway says whether auth was there; the gRPC health service and /metrics ask nobody."""
    if it["kind"] != "Job" and "healthz" in str(pod(it)["containers"][0].get("livenessProbe")):
        yield "livenessProbe"


def ends_gracefully(it: Object) -> Findings:
    """The pause outlasts the news that the pod is going; the grace period outlasts pause and drain."""
    if it["kind"] != "Deployment":
        return
    pause = pod(it)["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if pause < MIN_PAUSE_SECONDS:
        yield "preStop"
    if pod(it).get("terminationGracePeriodSeconds", 30) < pause + DRAIN_SECONDS + CLOSING_SECONDS:
        yield "terminationGracePeriodSeconds"


def is_replaced_without_a_gap(it: Object) -> Findings:
    """L no-rolling-update-strategy; S deployment-strategy."""
    if it["kind"] != "Deployment":
        return
    strategy = it["spec"].get("strategy", {})
    if strategy.get("type") != "RollingUpdate":
        yield "strategy"
    if strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
        yield "maxUnavailable"


def is_spread(it: Object) -> Findings:
    """L no-anti-affinity; S deployment-has-host-podantiaffinity: here by topology spread."""
    if it["kind"] != "Deployment":
        return
    spread = pod(it).get("topologySpreadConstraints", [])
    if {each["topologyKey"] for each in spread} != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
        yield "topologySpreadConstraints"
    if not all(matches_own(each, it) for each in spread):
        yield "topologySpreadConstraints of others"


def matches_own(constraint: Object, it: Object) -> bool:
    taken = constraint["labelSelector"].get("matchLabels", {}).keys() | set(constraint.get("matchLabelKeys", []))
    return bool({"app.kubernetes.io/name", ROLE} <= taken and taken - {"pod-template-hash"} <= pod_labels(it).keys())


def waits_for_its_migration(it: Object) -> Findings:
    is_service = it["kind"] == "Deployment" and it["metadata"]["name"] != "gateway"
    if is_service and [each["args"] for each in pod(it).get("initContainers", [])] != [["migrate", "--wait"]]:
        yield "initContainers"


def selects_its_own(it: Object) -> Findings:
    """L mismatching-selector; S deployment-pod-selector-labels-match-template-metadata-labels."""
    if it["kind"] != "Job" and not it["spec"]["selector"]["matchLabels"].items() <= pod_labels(it).items():
        yield "selector"


def job_ends(it: Object) -> Findings:
    """L job-ttl-seconds-after-finished, restart-policy."""
    if it["kind"] == "Job":
        wanted = ("ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit")
        yield from (name for name in wanted if name not in it["spec"])
        if pod(it).get("restartPolicy") != "OnFailure":
            yield "restartPolicy"


def _security(container: Object) -> Object:
    found: Object = container.get("securityContext", {})
    return found


def _secret_volumes(it: Object) -> dict[str, Any]:
    return {volume["name"]: volume["secret"] for volume in pod(it)["volumes"] if "secret" in volume}


RULES: tuple[Rule, ...] = (
    runs_as_nobody,
    cannot_gain_privileges,
    is_confined,
    writes_only_to_sized_volumes,
    holds_no_token,
    reads_secrets_as_files,
    is_sized,
    names_its_image,
    is_probed,
    liveness_asks_no_dependency,
    ends_gracefully,
    is_replaced_without_a_gap,
    is_spread,
    waits_for_its_migration,
    selects_its_own,
    job_ends,
)


def findings(it: Object) -> list[str]:
    return [f"{rule.__name__}: {found}" for rule in RULES for found in rule(it)]
