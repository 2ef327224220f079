"""The demo's own arithmetic, and what it says when a figure is not what was sent."""

from collections.abc import Sequence
from typing import Any

import pytest

from deploy.local import demo
from deploy.local.demo.figures import Figure
from deploy.local.demo.gateway import Gateway
from deploy.local.demo.ledger import Ledger, Play
from deploy.local.demo.story import SPARKS, sparks
from deploy.local.errors import LocalError


def test_what_follows_from_plays() -> None:
    ledger = Ledger(20_000)
    ledger.plays += [Play("a", 20, "Phone"), Play("b", 19, "Phone"), Play("b", 5), Play("b"), Play()]
    assert ledger.streams == {"b": 3, "a": 1}
    assert list(ledger.streams) == ["b", "a"]
    assert ledger.devices == {"Phone": 2, "unknown": 3}
    assert round(ledger.average_seconds, 3) == 14.667
    assert round(ledger.completion_percent, 1) == 66.7


def test_seconds_are_cut_at_the_duration() -> None:
    ledger = Ledger(1_500, [Play("a", 2)])
    assert (ledger.average_seconds, ledger.completion_percent) == (1.5, 100.0)


@pytest.mark.parametrize(
    ("sent", "reported", "is_right"),
    [(9, 9, True), (9, 10, False), (12.75, 12.8, True), (12.75, 12.9, False), ({"a"}, {"a"}, True), (2.0, None, False)],
)
def test_a_figure_is_right_when_it_is_what_was_sent(sent: Any, reported: Any, is_right: bool) -> None:
    assert Figure("stats", "plays", sent, reported).is_right is is_right


def test_a_differing_figure_ends_the_demo_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> Sequence[Figure]:
        return [Figure("stats", "plays", 9, 10)]

    monkeypatch.setattr(Gateway, "require_ready", lambda _: None)
    monkeypatch.setattr(demo.story, "run", run)
    with pytest.raises(LocalError, match="figures differ from what was sent: stats plays: 10, sent 9"):
        demo.main([])


def test_a_waveform_of_any_length_is_one_line() -> None:
    assert len(sparks([0.0] * 1000)) == SPARKS
    assert sparks([1.0] * 1000) == "█" * SPARKS
