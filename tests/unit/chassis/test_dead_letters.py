"""When dead letters are a bad deploy and not bad data."""

import pytest

from chassis.dead_letters import Guard


def test_a_hundred_in_a_row_are_too_many() -> None:
    guard = Guard()
    for _ in range(99):
        guard.set_aside("group")
    with pytest.raises(SystemExit, match="group: too many dead letters"):
        guard.set_aside("group")


def test_more_than_one_percent_of_a_thousand_are_too_many() -> None:
    guard = Guard()
    for _ in range(10):
        guard.applied(99)
        guard.set_aside("group")
    guard.applied(50)
    with pytest.raises(SystemExit):
        guard.set_aside("group")


def test_what_was_long_ago_is_forgotten() -> None:
    guard = Guard()
    for _ in range(100):
        guard.applied(5_000)
        guard.set_aside("group")
    assert guard.dead == 1


def test_few_outcomes_are_no_share_yet() -> None:
    guard = Guard()
    for _ in range(50):
        guard.applied(1)
        guard.set_aside("group")
    assert guard.dead == 50


def test_it_is_written_down_and_read_again() -> None:
    guard = Guard()
    guard.applied(3)
    for _ in range(99):
        guard.set_aside("group")
    again = Guard(guard.text)
    assert (again.text, again.dead) == (guard.text, 99)
    with pytest.raises(SystemExit):
        again.set_aside("group")
    # What a commit can carry.
    guard.applied(1_000)
    assert len(guard.text) <= 260
    assert Guard("of another tool").dead == 0
