"""What renders is asked of the machine; without it, what is rendered goes untested, and one line says so."""

import pytest

from tests.k8s import rendering
from tests.k8s.rendering import Object


@pytest.fixture(scope="session")
def kustomize() -> None:
    """Asked for by all that render."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if rendering.command():
        return
    rendered = [item for item in items if "kustomize" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=rendered)
    items[:] = [item for item in items if item not in rendered]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not rendering.command():
        terminalreporter.write_line("tests/k8s: overlays are not rendered, there is neither kubectl nor kustomize")


@pytest.fixture(params=rendering.OVERLAYS)
def overlay(request: pytest.FixtureRequest, kustomize: None) -> str:
    name: str = request.param
    return name


@pytest.fixture
def objects(overlay: str) -> list[Object]:
    return rendering.render(overlay)


@pytest.fixture
def kind(kustomize: None) -> list[Object]:
    return rendering.render("kind")


@pytest.fixture
def production(kustomize: None) -> list[Object]:
    return rendering.render("production")
