"""Three brokers for everything in this run, and one system on them. `--short` leaves what continuous integration runs.

Other tests are run on them with `-p tests.kafka.conftest`; not beside a system, whose consumers have the same groups.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.chaos.stand import Stand
from tests.integration.chassis.conftest import db, group
from tests.support import audio
from tests.support.brokers import Brokers, three_brokers
from tests.support.people import Stage
from tests.support.system import system

__all__ = ["db", "group"]

FULL_PLAYS, SHORT_PLAYS = 10_000, 1_000


class Measured(NamedTuple):
    """One line of the report."""

    fault: str
    what: str
    seconds: float


BROKERS = pytest.StashKey[Brokers]()
MEASURED = pytest.StashKey[list[Measured]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="Only the tests marked short, with fewer plays.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: part of the short form, which continuous integration runs")
    config.stash[MEASURED] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--short"):
        kept = [item for item in items if item.get_closest_marker("short")]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    if session.config.option.collectonly:
        return (yield)
    with three_brokers() as brokers, pytest.MonkeyPatch.context() as environ:
        for name, value in brokers.environ.items():
            environ.setenv(name, value)
        session.config.stash[BROKERS] = brokers
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for fault, what, seconds in config.stash[MEASURED]:
        terminalreporter.write_line(f"{fault:40} {what:44} {seconds:6.1f} s")


@pytest.fixture(scope="session")
def brokers(pytestconfig: pytest.Config) -> Brokers:
    return pytestconfig.stash[BROKERS]


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> list[Measured]:
    return pytestconfig.stash[MEASURED]


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audio.make(tmp_path_factory.mktemp("tunes") / "tune.mp3", 2.0)


@pytest.fixture(scope="session")
def stand(brokers: Brokers, tune: Path, pytestconfig: pytest.Config, measured: list[Measured]) -> Iterator[Stand]:
    plays = SHORT_PLAYS if pytestconfig.getoption("--short") else FULL_PLAYS
    told = brokers.environ | {"LOG_LEVEL": "info"}
    with system("--split-roles", **told) as running, Stage(running.url) as stage:  # type: ignore[arg-type]
        stand = Stand(running, stage, tune, plays)
        yield stand
        measured += [Measured(it.fault, f"all counted ({it.outcomes})", it.healed_seconds) for it in stand.verdicts]
