from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

import gateway.limits


@pytest.fixture
def still_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the limits time stands still, so that none comes back on a slow machine."""
    now = datetime.now(UTC)
    monkeypatch.setattr(gateway.limits, "clock", SimpleNamespace(utc_now=lambda: now))
