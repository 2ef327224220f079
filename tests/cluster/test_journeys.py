"""The journeys of tests/e2e and the clients of tests/clients against the gateway's NodePort."""

import os
import subprocess
import sys
import time

from deploy.k8s.cluster import ROOT, direct
from tests.cluster.stand import Stand


def test_every_journey_is_gone(stand: Stand) -> None:
    url, began = stand.stage.url, time.monotonic()
    environ = direct({**os.environ, **stand.cluster.environ, "SOUNDSTAGE_URL": url}, url)
    argv = [sys.executable, "-m", "pytest", "tests/e2e", "tests/clients", "--junitxml", "build/cluster/journeys.xml"]
    done = subprocess.run(argv, cwd=ROOT, env=environ, check=False)
    stand.measured(f"journeys in {time.monotonic() - began:.0f} s")
    assert done.returncode == 0
