"""Events that come again, that nobody can read, and a consumer that slept."""

import time

from tests.chaos import poison
from tests.chaos.stand import Stand
from tests.support.waiting import eventually

AGAIN = "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL"
TIMES = 10
ASLEEP_SECONDS = 60.0
PER_POISON, POISONED_SECONDS = 100, 12.5
# More than the hundred that end the consumer.
DEADLY = 130
FORGIVE = ("deploy.local", "service", "insights", "forgive-dead-letters")


def test_every_event_is_delivered_ten_times(stand: Stand) -> None:
    with stand.run("every event delivered ten times") as writers:
        writers.until(0.5)
        stand.rows("audience", AGAIN)
        writers.until(1.0)
        for _ in range(TIMES - 1):
            stand.until_relayed("audience")
            stand.rows("audience", AGAIN)


def test_one_percent_is_poison(stand: Stand) -> None:
    """Set aside one by one, while the others go on."""
    with stand.run("1 % poison", lasting=POISONED_SECONDS) as writers:
        for number in range(stand.plays // PER_POISON):
            writers.until((number + 0.5) * PER_POISON / stand.plays)
            stand.poison |= poison.produce(stand.stores.kafka, 1)


def test_everything_is_poison(stand: Stand) -> None:
    """A hundred in a row end the consumer, and again at each start, until an operator says that it is the data."""
    before = stand.lives("insights-consume")
    with stand.run("100 % poison") as writers:
        writers.until(0.5)
        with stand.stopped("audience-relay"):
            stand.poison |= poison.produce(stand.stores.kafka, DEADLY, partition=0)
            stand.until_restarted("insights-consume", before)
            stand.until_restarted("insights-consume", stand.lives("insights-consume"))
            eventually(lambda: "insights: forgiven" in stand.system.command(*FORGIVE), seconds=60)
    assert "too many dead letters" in stand.home.log("insights-consume").read_text()


def test_the_consumer_sleeps(stand: Stand) -> None:
    """Long enough to lose its membership: what it does on waking is fenced off."""
    with stand.run("consumer stopped for 60 s") as writers:
        writers.until(0.3)
        with stand.stopped("insights-consume"):
            time.sleep(ASLEEP_SECONDS)  # the fault itself is this long
