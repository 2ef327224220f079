"""Everything of ours restarted, one service after the other, while a hundred requests a second come: none fails."""

from tests.cluster.stand import SERVICES, Cast, Stand


def test_nobody_notices_a_rolling_restart(stand: Stand, cast: Cast) -> None:
    before = stand.lives()
    with stand.load(cast) as load:
        for service in SERVICES:
            deployments = stand.deployments(service)
            stand.kubectl("rollout", "restart", *(f"deployment/{one}" for one in deployments))
            stand.settle(deployments)
    asked = load.statuses.total()
    stand.measured(
        f"rolling restart in {load.seconds:.0f} s: {asked} requests ({asked / load.seconds:.0f}/s), "
        f"{asked - load.statuses[200]} failed, p99 {load.percentile(99) * 1000:.0f} ms"
    )
    assert load.others() == {}
    old = {pod for service in SERVICES for pod in map(_name, stand.pods(service)) if pod in before}
    assert old == set()
    stand.check_plays(cast, load.ledger)


def _name(pod: dict[str, dict[str, str]]) -> str:
    return pod["metadata"]["name"]
