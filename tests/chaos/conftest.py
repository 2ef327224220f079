"""One system for each file of faults; `--short` leaves the kills of continuous integration."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.chaos.stand import Stand, Verdict
from tests.support import audio
from tests.support.people import Stage
from tests.support.system import system

FULL_PLAYS, SHORT_PLAYS = 10_000, 1_000
VERDICTS = pytest.StashKey[list[Verdict]]()

MakeStand = Callable[..., AbstractContextManager[Stand]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="Only the kills marked short, with fewer plays.")
    parser.addoption("--plays", type=int, help=f"Plays of each run; {FULL_PLAYS}, short {SHORT_PLAYS}.")
    parser.addoption("--seed", type=int, default=random.randrange(2**32), help="Of what happens at random.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: part of the short form, which continuous integration runs")
    config.stash[VERDICTS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--short"):
        kept = [item for item in items if item.get_closest_marker("short")]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for verdict in config.stash[VERDICTS]:
        terminalreporter.write_line(f"{verdict.fault}: {verdict.outcomes}; right after {verdict.healed_seconds:.1f} s")


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audio.make(tmp_path_factory.mktemp("tunes") / "tune.mp3", 2.0)


@pytest.fixture(scope="session")
def make_stand(request: pytest.FixtureRequest, tune: Path) -> MakeStand:
    """A system, each role its own process, with people and music in it; arguments are those of `system`."""
    usual = SHORT_PLAYS if request.config.getoption("--short") else FULL_PLAYS
    plays = request.config.getoption("--plays") or usual

    @contextmanager
    def make(**settings: object) -> Iterator[Stand]:
        with system("--split-roles", LOG_LEVEL="info", **settings) as running, Stage(running.url) as stage:  # type: ignore[arg-type]
            stand = Stand(running, stage, tune, plays)
            yield stand
            request.config.stash[VERDICTS] += stand.verdicts

    return make


@pytest.fixture(scope="module")
def stand(make_stand: MakeStand) -> Iterator[Stand]:
    with make_stand() as stand:
        yield stand
