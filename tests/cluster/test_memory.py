"""A pod that eats its memory is restarted, and nobody else."""

import contextlib
import time

from deploy.k8s.kubectl import ClusterError
from deploy.k8s.readiness import name
from tests.cluster.stand import HEALED_SECONDS, Cast, Stand
from tests.support.waiting import eventually

SERVICE = "insights"
ENDED_SECONDS = 60.0
# Memory of the container that is in no process: the kernel then ends its largest, which is what the pod is about.
GLUTTON = """
import os
hoard = os.memfd_create("hoard")
while True:
    os.write(hoard, bytes(8 << 20))
"""


def test_it_is_restarted_alone(stand: Stand, cast: Cast) -> None:
    before = stand.lives()
    pod = name(stand.pods(SERVICE, "serve")[0])
    with stand.load(cast) as load:
        began = time.monotonic()
        with contextlib.suppress(ClusterError):  # it ends with the container
            stand.kubectl("exec", pod, "--", "python", "-c", GLUTTON, timeout_seconds=ENDED_SECONDS)
        reason = eventually(lambda: _ended_by(stand, pod), ENDED_SECONDS)
        stand.settle()
        eventually(load.is_well, HEALED_SECONDS)
        seconds = time.monotonic() - began
    assert reason == "OOMKilled"
    after = stand.lives()
    assert after == {**before, pod: before[pod] + 1}
    assert set(load.statuses) <= {200, 503}, load.others()
    stand.check_plays(cast, load.ledger)
    stand.measured(f"{pod} out of memory: ready again after {seconds:.0f} s, nobody else restarted")


def _ended_by(stand: Stand, pod: str) -> str | None:
    statuses = stand.kubectl.json("pod", pod)["status"]["containerStatuses"]
    ended = [status.get("lastState", {}).get("terminated") for status in statuses]
    return next((str(one["reason"]) for one in ended if one), None)
