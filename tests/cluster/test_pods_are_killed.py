"""Every pod of a service is deleted at once, without grace, under load: no acknowledged play is lost."""

import time

import pytest

from deploy.k8s.readiness import name
from tests.cluster.stand import HEALED_SECONDS, SERVICES, Cast, Stand
from tests.support.waiting import eventually

STATED = {200, 503}
NO_ANSWER = 0


@pytest.mark.parametrize("service", SERVICES)
def test_no_acknowledged_play_is_lost(stand: Stand, cast: Cast, service: str) -> None:
    with stand.load(cast) as load:
        killed_at = time.monotonic()
        pods = [name(pod) for pod in stand.pods(service)]
        stand.kubectl("delete", "pod", "--grace-period=0", "--force", *pods)
        stand.settle(stand.deployments(service))
        eventually(load.is_well, HEALED_SECONDS)
    away = max(0.0, load.last_failure() - killed_at)
    counted = stand.check_plays(cast, load.ledger)
    stand.measured(
        f"{service} killed ({len(pods)} pods): {load.statuses.total() - load.statuses[200]} of "
        f"{load.statuses.total()} requests failed, the last after {away:.1f} s; counted {counted:.1f} s after the end"
    )
    # Whoever talked to a gateway that died was told nothing.
    stated = STATED | {NO_ANSWER} if service == "gateway" else STATED
    assert set(load.statuses) <= stated, load.others()
