"""One system in the cluster that CLUSTER chooses; what failed in it is kept under build/cluster.

KEEP=1 leaves it standing, also a cluster that kind made. A system that stood before is left standing; AS_IT_STANDS=1
tests it without bringing it up to date.
"""

import os
from collections.abc import Generator, Iterator

import httpx
import pytest
from rich.console import Console

from deploy.k8s import cluster, evidence, stack
from deploy.k8s.cluster import ROOT, direct
from deploy.k8s.kubectl import ClusterError
from tests.cluster.patient import Patient
from tests.cluster.stand import Cast, Stand
from tests.support import audio
from tests.support.people import Stage

KEPT = ROOT / "build" / "cluster"
ORDER = ("journeys", "rolling_restart", "pods_are_killed", "scaling", "bad_release", "memory")
STAND = pytest.StashKey[Stand]()
console = Console(highlight=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, word in enumerate(ORDER) if word in item.path.stem), -1))


@pytest.fixture(scope="session")
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    tune = audio.make(tmp_path_factory.mktemp("tunes") / "tune.mp3", 2.0)
    chosen = cluster.choose(os.environ, console)
    stood = stack.exists(chosen.kubectl)
    try:
        is_tested_as_it_is = stood and os.environ.get("AS_IT_STANDS")
        seconds = 0.0 if is_tested_as_it_is else stack.deploy(chosen, console)
        url = chosen.url()
        os.environ.update(direct(os.environ, url))
        with Stage(url) as stage:
            stage.http = httpx.Client(base_url=url, timeout=30, transport=Patient())
            made = request.config.stash[STAND] = Stand(chosen, console, stage, tune)
            made.measured(f"ready {seconds:.0f} s after it was applied")
            yield made
    except ClusterError:
        _keep(chosen, "deploy")
        raise
    finally:
        if not stood and not os.environ.get("KEEP"):
            stack.delete(chosen.kubectl)
            chosen.remove()


@pytest.fixture(autouse=True)
def settled(stand: Stand) -> None:
    stand.settle()


@pytest.fixture
def cast(stand: Stand) -> Cast:
    return stand.cast()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (stand := item.config.stash.get(STAND, None)):
        report.sections.append(("look at first", _keep(stand.cluster, item.name)))
    return report


def _keep(chosen: cluster.Cluster, what: str) -> str:
    folder = KEPT / "".join(letter if letter.isalnum() else "-" for letter in what)
    try:
        lines = evidence.keep(chosen.kubectl, folder)
    except ClusterError as error:
        lines = [str(error)]
    text = "\n".join([f"kept in {folder.relative_to(ROOT)}; look first at", *(lines or ["nothing: all is ready"])])
    console.print(text, markup=False, soft_wrap=True)
    return text


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if stand := config.stash.get(STAND, None):
        terminalreporter.section("figures")
        for figure in stand.figures:
            terminalreporter.write_line(figure)
