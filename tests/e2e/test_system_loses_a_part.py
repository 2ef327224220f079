"""A backing server or a service is away: who needs it is told so in time, nobody else notices, nothing is restarted.

AWAY_SECONDS=60 makes each loss of a backing server last a minute.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest

from deploy.local.ports import SERVICES
from tests.support.operations import OPERATIONS, Cast, ask_all, become_whole, check_plays
from tests.support.outage import Outage, killed, pids, stopped
from tests.support.people import PASSWORD, Stage, ok
from tests.support.system import System, system
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

AWAY_SECONDS = float(os.environ.get("AWAY_SECONDS", "15"))
# Killed is the kinder case: everyone is told at once.
KILLED_SECONDS = AWAY_SECONDS / 5
BACK_SECONDS = 30.0
BACKING = ("postgres", "mongo", "kafka", "valkey")


@pytest.fixture(scope="module")
def fragile() -> Iterator[System]:
    with system() as running:
        yield running


@pytest.fixture(scope="module")
def cast(fragile: System, tune: Callable[[str, float], Path]) -> Iterator[Cast]:
    with Stage(fragile.url) as stage:
        # A connection kept for the next request may be one that the last outage has ended.
        stage.http = httpx.Client(base_url=fragile.url, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        gathered = Cast.gather(fragile, stage, tune("mp3", 2.0))
        become_whole(gathered, BACK_SECONDS)
        yield gathered


@pytest.fixture(scope="module")
def born(fragile: System) -> dict[str, int]:
    return pids(fragile)


def watch(cast: Cast, loss: "Loss") -> set[str]:
    """Asks everything, again and again while it is away; answers what is wrong with what was answered."""
    end, is_first, faults = time.monotonic() + loss.seconds, True, set[str]()
    while is_first or time.monotonic() < end:
        began = time.monotonic()
        answers = ask_all(cast, [one for one in OPERATIONS if is_first or not one.is_once])
        faults |= {fault for one in answers if (fault := one.fault(loss.part))}
        is_first = False
        time.sleep(max(0.0, began + 1.0 - time.monotonic()))  # a pace, not a hope
    return faults


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Loss(NamedTuple):
    part: str
    outage: Outage
    seconds: float

    def __str__(self) -> str:
        return f"{self.part}-{self.outage.__name__}"


LOSSES = [Loss(part, *how) for part in BACKING for how in ((stopped, AWAY_SECONDS), (killed, KILLED_SECONDS))]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_every_process_outlives_a_backing_server(fragile: System, born: dict[str, int], cast: Cast, loss: Loss) -> None:
    with loss.outage(fragile, loss.part):
        faults = watch(cast, loss)
    eventually(lambda: is_open(getattr(fragile.ports, loss.part)))
    become_whole(cast, BACK_SECONDS)
    assert not faults
    check_plays(cast, BACK_SECONDS)
    now = pids(fragile)
    # Since the first of these outages: a watchdog may bark late.
    assert [name for name in (*SERVICES, "gateway") if now.get(name) != born[name]] == []


@pytest.mark.parametrize("outage", [killed, stopped])
@pytest.mark.parametrize("lost", SERVICES)
def test_without_a_service_the_others_serve(fragile: System, cast: Cast, lost: str, outage: Outage) -> None:
    asked = [one for one in OPERATIONS if not one.is_once or lost in one.needs]
    if outage is stopped:  # a service that stands still keeps an upload until its connection is given up
        asked = [one for one in asked if one.name != "upload"]
    with outage(fragile, lost):
        faults = [fault for one in ask_all(cast, asked) if (fault := one.fault(lost))]
    become_whole(cast, BACK_SECONDS)
    assert not faults


def test_what_was_uploaded_meanwhile_was_transcoded(cast: Cast) -> None:
    def unfinished() -> list[str]:
        listed = ok(cast.artist.get("/tracks", params={"limit": 100}))["tracks"]
        return [track["id"] for track in listed if track["status"] != "completed"]

    eventually(lambda: not unfinished())


def test_told_to_stop_all_end_in_time_and_come_back(fragile: System, cast: Cast) -> None:

    running = [psutil.Process(pids(fragile)[name]) for name in (*SERVICES, "gateway")]
    for one in running:
        one.terminate()
    _, late = psutil.wait_procs(running, timeout=10)
    assert not late
    become_whole(cast, BACK_SECONDS)
    for name in (*SERVICES, "gateway"):
        lines = (fragile.home / "logs" / f"{name}.log").read_text().splitlines()
        assert [line for line in lines if "Traceback" in line] == [], name


def test_no_log_holds_a_secret(fragile: System, cast: Cast) -> None:
    secrets = {PASSWORD, cast.app_token}
    for person in (cast.artist, cast.listener):
        secrets |= {person.user["email"], person.token["access_token"], person.token["refresh_token"]}
    for log in [*(fragile.home / "logs").iterdir(), fragile.home / "launcher.log"]:
        said = log.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in said], log.name
