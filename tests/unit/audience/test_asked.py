"""An owner's no is kept for a second and no longer, and for a bounded number of ids."""

from uuid import UUID

import pytest

from chassis.ids import new_id
from services.audience import asked


def test_a_no_is_kept_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(asked, "monotonic", lambda: now)
    kept, first, second = asked.Asked[UUID](), new_id(), new_id()
    assert kept.without([first, second]) == {first, second}
    kept.add([first])
    now = 100.9
    assert kept.without([first, second]) == {second}
    now = 101.0
    assert kept.without([first, second]) == {first, second}


def test_it_does_not_grow_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MAX_KEPT", 10)
    kept, ids = asked.Asked[UUID](), [new_id() for _ in range(40)]
    for id in ids:
        kept.add([id])
    assert len(kept.without(ids)) >= 29
