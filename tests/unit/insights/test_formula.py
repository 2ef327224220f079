"""The score of a track by examples worked out by hand, and when time alone moves it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.ids import new_id
from services.insights.trending.formula import Counts, Standing, Window, edge, quality, score

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def standing(**changes: object) -> Standing:
    known = Standing(
        new_id(), 7, None, NOW - 3 * DAY, followers=3, karma=100, ever=Counts(plays=900, reposts=4, likes=10)
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_worked_example() -> None:
    """Three days old, karma 100; of all time 900 plays, R = 4, S = 10.

    week:    (10 + 50·2 + 3  + 0.25·4 + 0.01·10) · 100 · 1 = 114.1 · 100 = 11,410
    month:   (40 + 50·4 + 8  + 1 + 0.1)          · 100 · 1 = 249.1 · 100 = 24,910
    year:    nothing was counted in it, so          1.1    · 100         = 110
    allTime: (900 + 50·4 + 10 + 1 + 0.1)         · 100     = 1,111.1 · 100 = 111,110
    """
    windows = {Window.WEEK: Counts(10, 2, 3), Window.MONTH: Counts(40, 4, 8)}
    assert score(standing(), windows, NOW).by_window == {
        Window.WEEK: 11_410.0,
        Window.MONTH: 24_910.0,
        Window.YEAR: 110.0,
        Window.ALL_TIME: 111_110.0,
    }


@pytest.mark.parametrize(
    ("window", "age_days", "expected"),
    [
        (Window.WEEK, 0, 1.0),
        (Window.WEEK, 7, 1.0),
        # 20^(1 - 8/7) = 20^(-1/7) = e^(-2.995732/7) = e^(-0.427962)
        (Window.WEEK, 8, 0.651836),
        # 20^(1 - 13/7) = 20^(-6/7) = e^(-2.567770)
        (Window.WEEK, 13, 0.076706),
        (Window.WEEK, 14, 0.05),
        (Window.WEEK, 15, 0.05),
        (Window.MONTH, 30, 1.0),
        # 20^(1 - 45/30) = 1/sqrt(20)
        (Window.MONTH, 45, 0.223607),
        (Window.MONTH, 61, 0.05),
        (Window.YEAR, 365, 1.0),
        (Window.YEAR, 731, 0.05),
        (Window.ALL_TIME, 10_000, 1.0),
    ],
)
def test_q_at_its_boundaries(window: Window, age_days: int, expected: float) -> None:
    assert quality(window, age_days) == pytest.approx(expected, abs=1e-6)


def test_age_is_in_whole_days() -> None:
    """Published 8 days less a second ago, the track is 7 days old; at 8 days Q is 20^(-1/7)."""
    young = score(standing(published_at=NOW - 8 * DAY + timedelta(seconds=1)), {}, NOW)
    old = score(standing(published_at=NOW - 8 * DAY), {}, NOW)
    assert young.by_window[Window.WEEK] == pytest.approx(110.0)
    assert old.by_window[Window.WEEK] == pytest.approx(110.0 * 0.651836, abs=1e-3)
    assert young.due_at == NOW + timedelta(seconds=1)


@pytest.mark.parametrize("changes", [{"followers": 2}, {"karma": 0}, {"published_at": None}], ids=str)
def test_without_audience_karma_or_publication_every_score_is_0(changes: dict[str, object]) -> None:
    scored = score(standing(**changes), {Window.WEEK: Counts(10, 2, 3, NOW)}, NOW)
    assert set(scored.by_window.values()) == {0.0}
    assert scored.due_at is None


def test_an_hour_stays_until_all_of_it_is_too_old() -> None:
    """A play of 09:59 on 13 March leaves the week at 10:00 on 20 March, not at 09:59 and not at 11:00."""
    played = datetime(2026, 3, 13, 9, 59, tzinfo=UTC)
    leaves = datetime(2026, 3, 20, 10, 0, tzinfo=UTC)
    assert edge(Window.WEEK, leaves - timedelta(seconds=1)) <= played.replace(minute=0) < edge(Window.WEEK, leaves)
    now = leaves - timedelta(minutes=30)
    scored = score(standing(published_at=now), {Window.WEEK: Counts(plays=1, oldest=played)}, now)
    assert scored.due_at == leaves


def test_a_track_that_is_old_in_every_window_waits_for_nothing() -> None:
    assert score(standing(published_at=NOW - 731 * DAY), {}, NOW).due_at is None
    assert score(standing(published_at=NOW - 100 * DAY), {}, NOW).due_at == NOW + 266 * DAY
