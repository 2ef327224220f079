"""kill -9 in the middle of plays, of every process that has a part in them, and of those that have none."""

import pytest

from tests.chaos.stand import Stand

SHORT = ("audience-serve", "audience-relay", "insights-consume", "kafka", "postgres")
MORE = (
    "gateway",
    "auth-serve",
    "catalog-serve",
    "streaming-serve",
    "marketplace-serve",
    "insights-serve",
    "insights-relay",
    "insights-work",
    "catalog-consume",
    "mongo",
    "valkey",
)
# These die again and again, at whatever they are doing: between publishing and marking, counting and committing.
OFTEN = ("audience-relay", "insights-consume")
MOMENTS = (0.3, 0.45, 0.6, 0.75)


@pytest.mark.parametrize(
    "part", [*(pytest.param(part, marks=pytest.mark.short) for part in SHORT), *map(pytest.param, MORE)]
)
def test_killed_in_the_middle_of_plays(stand: Stand, part: str) -> None:
    with stand.run(f"kill -9 {part}") as writers:
        for moment in MOMENTS if part in OFTEN else MOMENTS[:1]:
            writers.until(moment)
            stand.kill(part)
