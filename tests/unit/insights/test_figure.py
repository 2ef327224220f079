"""Windows of UTC days, changes and shares, by the words of the insights contract."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from services.insights.figures.figure import Listeners, Listening, Sums, Window, change, retention


def test_a_window_ends_with_today_and_the_one_before_ends_the_day_before_it_starts() -> None:
    window = Window.ending(datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC), 7)
    assert (window.first, window.last) == (date(2026, 3, 4), date(2026, 3, 10))
    assert (window.before.first, window.before.last) == (date(2026, 2, 25), date(2026, 3, 3))
    assert (window.since, window.until) == (datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_a_window_has_a_day_for_each_day(days: int) -> None:
    window = Window.ending(datetime(2026, 1, 1, tzinfo=UTC), days)
    assert len(window.days) == len(set(window.days)) == window.length == days
    assert window.days[-1] == date(2026, 1, 1)


@pytest.mark.parametrize("days", [0, -1, 367, 2**31 - 1])
def test_a_window_of_no_sensible_length_is_invalid(days: int) -> None:
    with pytest.raises(Invalid):
        Window.ending(datetime(2026, 1, 1, tzinfo=UTC), days)


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(0, 0, 0.0), (1, 0, 100.0), (900, 0, 100.0), (0, 5, -100.0), (340, 295, 15.3), (3, 3, 0.0), (30, 10, 200.0)],
)
def test_changes_are_percent_with_one_decimal(now: int, before: int, percent: float) -> None:
    assert change(now, before) == percent


@given(st.dictionaries(st.integers(0, 20), st.integers(1, 1000)))
def test_retention_starts_at_everybody_and_never_rises(plays: dict[int, int]) -> None:
    shares = retention(plays)
    if not plays:
        assert shares == []
        return
    assert len(shares) == 21
    assert shares[0] == 100.0
    assert shares == sorted(shares, reverse=True)
    timed = sum(plays.values())
    for position, share in enumerate(shares):
        reached = sum(count for place, count in plays.items() if place >= position)
        assert share == round(100 * reached / timed, 1)


def test_what_has_nothing_to_divide_by_is_absent() -> None:
    listening = Listening.of(Sums(plays=3), Listeners(0, 0))
    assert listening == Listening(0, None, None, None, None, None)


def test_listening_is_over_timed_plays_and_distinct_listeners() -> None:
    sums = Sums(plays=7, timed_plays=3, heard_ms=500_500, completed_plays=1, skipped_plays=2)
    assert Listening.of(sums, Listeners(4, 1)) == Listening(3, 166.8, 33.3, 66.7, 1.8, 25.0)
