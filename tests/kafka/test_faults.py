"""Brokers die, hang and forget under load: plays are taken all the while, and each is counted once."""

import asyncio
import time

import pytest

from tests.chaos.ledger import Outcome
from tests.chaos.stand import Stand
from tests.chaos.test_kills import MOMENTS, OFTEN
from tests.chaos.writers import Writers
from tests.kafka.conftest import Measured
from tests.support.brokers import IDS, Brokers
from tests.support.outbox import EVENTS
from tests.support.waiting import eventually

NOW = "SELECT clock_timestamp()"
KEPT = "SELECT count(*) FROM plays"
COUNTED = "SELECT count(*) FROM plays WHERE is_counted"
PUBLISHED_SINCE = f"SELECT published_at IS NOT NULL, count(*) FROM {EVENTS} WHERE created_at > $1 GROUP BY 1"
GIVEN_UP = "outbox.interrupted"
LOST = ("broker_changed", "log_was_reset")
HUNG_SECONDS = 15.0
# Long enough for a broker to die and to come back three times under load.
LASTING_SECONDS = 45.0


class Clock:
    def __init__(self, fault: str, kept: list[Measured]) -> None:
        self._fault, self._kept, self._began = fault, kept, time.monotonic()

    def note(self, what: str) -> None:
        self._kept.append(Measured(self._fault, what, time.monotonic() - self._began))
        self._began = time.monotonic()


def until_counted(stand: Stand) -> None:
    """What was acknowledged up to now has come through the relay and the brokers."""
    kept = stand.rows("audience", KEPT)[0][0]
    eventually(lambda: stand.rows("insights", COUNTED)[0][0] >= kept, seconds=60)


def said(stand: Stand, part: str, words: str) -> int:
    return stand.home.log(part).read_text(errors="replace").count(words)


def all_acknowledged(writers: Writers) -> bool:
    return {attempt.outcome for attempt in writers.ledger.attempts} == {Outcome.OK}


@pytest.mark.short
def test_each_broker_is_killed_in_turn(stand: Stand, brokers: Brokers, measured: list[Measured]) -> None:
    """The leader of every partition, the coordinator of every group and the controller have died by the end."""
    with stand.run("each broker killed in turn", lasting=LASTING_SECONDS) as writers:
        for id in IDS:
            writers.until(id / 5)
            brokers.kill(id)
            clock = Clock(f"broker {id} killed", measured)
            until_counted(stand)
            clock.note("counting again, without it")
            brokers.start(id)
            clock.note("it answers again")
            brokers.until_whole()
            clock.note("all copies in sync")
    assert all_acknowledged(writers)


@pytest.mark.short
def test_two_of_three_are_away(stand: Stand, brokers: Brokers, measured: list[Measured]) -> None:
    """Nothing is acknowledged by one broker alone, so events wait in the outbox; plays do not wait."""
    given_up = said(stand, "audience-relay", GIVEN_UP)
    with stand.run("two of three brokers away", lasting=LASTING_SECONDS / 2) as writers:
        writers.until(0.2)
        brokers.kill(1, 2)
        since = stand.rows("audience", NOW)[0][0]
        eventually(lambda: said(stand, "audience-relay", GIVEN_UP) > given_up, seconds=60)
        writers.until(0.6)
        fates = dict(asyncio.run(stand.stores.rows("audience", PUBLISHED_SINCE, since)))
        assert fates[False]
        assert not fates.get(True)
        brokers.start(1, 2)
        clock = Clock("two of three brokers away", measured)
        until_counted(stand)
        clock.note("counting again, once they answer")
    assert all_acknowledged(writers)
    brokers.until_whole()


def test_all_are_killed_at_once(stand: Stand, brokers: Brokers, measured: list[Measured]) -> None:
    with stand.run("all brokers killed at once", lasting=LASTING_SECONDS / 2) as writers:
        writers.until(0.4)
        brokers.kill(*IDS)
        brokers.start(*IDS)
        clock = Clock("all brokers killed at once", measured)
        until_counted(stand)
        clock.note("counting again, once they answer")
    assert all_acknowledged(writers)
    brokers.until_whole()


def test_one_hangs(stand: Stand, brokers: Brokers, measured: list[Measured]) -> None:
    """Its connections stay open, and nobody answers on them."""
    with stand.run("one broker hangs", lasting=LASTING_SECONDS) as writers:
        writers.until(0.2)
        with brokers.stopped(1):
            time.sleep(HUNG_SECONDS)  # the fault itself is this long
        clock = Clock("one broker hangs", measured)
        until_counted(stand)
        clock.note("counting again, once it wakes")
    assert all_acknowledged(writers)
    brokers.until_whole()


def test_one_comes_back_empty(stand: Stand, brokers: Brokers, measured: list[Measured]) -> None:
    """The cluster is the same one: the others fill it, nobody publishes again and nobody starts over."""
    with stand.run("one broker wiped", lasting=LASTING_SECONDS / 2) as writers:
        writers.until(0.3)
        brokers.kill(2)
        brokers.wipe(2)
        brokers.start(2)
        clock = Clock("one broker wiped", measured)
        brokers.until_whole()
        clock.note("all copies in sync")
    assert all_acknowledged(writers)
    logs = [log.read_text(errors="replace") for log in stand.home.logs.glob("*.log")]
    assert not [words for words in LOST for log in logs if words in log]


@pytest.mark.parametrize("part", OFTEN)
def test_killed_in_the_middle_of_plays(stand: Stand, part: str) -> None:
    with stand.run(f"kill -9 {part}") as writers:
        for moment in MOMENTS:
            writers.until(moment)
            stand.kill(part)
