"""An operator's commands beside the running system: how long they take, and how much memory."""

import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter, sleep

import psutil

from tests.load.stage import System


@dataclass(frozen=True)
class Ran:
    seconds: float
    peak_mib: float
    said: str


def run(system: System, service: str, command: str) -> Ran:
    started, peak_bytes = perf_counter(), 0
    argv = [sys.executable, "-m", "deploy.local", "service", service, command]
    with tempfile.TemporaryFile("w+") as output:
        running = psutil.Popen(argv, env=system.environ, stdout=output, stderr=subprocess.STDOUT)
        while running.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak_bytes = max(peak_bytes, running.memory_info().rss)
            sleep(0.1)
        output.seek(0)
        said = output.read().strip()
    if running.returncode:
        raise RuntimeError(f"{service} {command}: {said[-2000:]}")
    return Ran(perf_counter() - started, peak_bytes / 2**20, said)
