"""A service whose clock is an hour off: no count, no day and no sum depends on it."""

import pytest

from tests.chaos.conftest import MakeStand

HOUR_SECONDS = 3600


@pytest.mark.parametrize(("service", "seconds"), [("AUDIENCE", HOUR_SECONDS), ("INSIGHTS", -HOUR_SECONDS)])
def test_a_clock_is_an_hour_off(make_stand: MakeStand, service: str, seconds: int) -> None:
    name, settings = service.lower(), {f"{service}_CLOCK_OFFSET_SECONDS": str(seconds)}
    with make_stand(**settings) as stand, stand.run(f"{name}'s clock off by {seconds} s"):
        """Nothing else is wrong."""
