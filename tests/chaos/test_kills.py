"""kill -9 in the middle of plays, of every process that has a part in them, and of those that have none."""

import random

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
KILLS, LASTING_SECONDS = 20, 60.0


@pytest.mark.parametrize(
    "part", [*(pytest.param(part, marks=pytest.mark.short) for part in SHORT), *map(pytest.param, MORE)]
)
def test_killed_in_the_middle_of_plays(stand: Stand, part: str) -> None:
    with stand.run(f"kill -9 {part}") as writers:
        for moment in MOMENTS if part in OFTEN else MOMENTS[:1]:
            writers.until(moment)
            stand.kill(part)


def test_killed_at_random(stand: Stand, pytestconfig: pytest.Config) -> None:
    """`--seed` repeats who dies and when."""
    seed = pytestconfig.getoption("--seed")
    dice = random.Random(seed)
    with stand.run(f"kill -9 at random, seed {seed}", lasting=LASTING_SECONDS) as writers:
        for moment in sorted(dice.uniform(0.1, 0.9) for _ in range(KILLS)):
            writers.until(moment)
            stand.kill(dice.choice(SHORT + MORE))
