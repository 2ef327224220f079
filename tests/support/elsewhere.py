"""A plugin of pytest: stories against a system that stands elsewhere, whose address is in SOUNDSTAGE_URL.

Stories marked `processes` look behind the public REST. They are left out there.
"""

import os

import pytest

ELSEWHERE = os.environ.get("SOUNDSTAGE_URL", "")
LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "processes: needs the system's processes, ports or files on this machine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if ELSEWHERE and item.get_closest_marker("processes")]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if ELSEWHERE:
        left_out = config.stash.get(LEFT_OUT, 0)
        terminalreporter.write_line(f"{left_out} stories need the system's own processes and were left out")
