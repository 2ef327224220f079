"""How far a play got, by the words of the insights contract."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.insights.plays.play import Listening

SECONDS = st.integers(0, 20_000)
DURATIONS = st.integers(1, 10_000_000)


@given(SECONDS, DURATIONS)
@example(190, 200_000)
@example(189, 200_000)
@example(30, 31_000)
def test_a_play_is_completed_at_95_percent_and_skipped_before_30_seconds(seconds: int, duration_ms: int) -> None:
    listening = Listening.of(seconds, duration_ms)
    heard = min(Fraction(seconds), Fraction(duration_ms, 1000))
    part = heard / Fraction(duration_ms, 1000)
    assert Fraction(listening.heard_ms, 1000) == heard
    assert listening.is_completed == (part >= Fraction(95, 100))
    assert listening.is_skipped == (heard < 30 and part < Fraction(95, 100))


@given(SECONDS, DURATIONS)
def test_the_position_is_the_last_twentieth_that_was_reached(seconds: int, duration_ms: int) -> None:
    listening = Listening.of(seconds, duration_ms)
    part = min(Fraction(seconds) / Fraction(duration_ms, 1000), Fraction(1))
    assert 0 <= listening.position <= 20
    assert Fraction(listening.position, 20) <= part < Fraction(listening.position + 1, 20)


@pytest.mark.parametrize("duration_ms", [0, -1])
def test_of_a_track_without_a_duration_nothing_is_reached(duration_ms: int) -> None:
    listening = Listening.of(500, duration_ms)
    assert (listening.heard_ms, listening.position, listening.is_completed) == (500_000, 0, False)
