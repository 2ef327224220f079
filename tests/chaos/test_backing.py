"""The backing servers lose what they held: connections, memory, and the whole log."""

import shutil
import signal

from redis import Redis

from deploy.local.ports import SERVICES
from tests.chaos.stand import Stand


def test_postgres_restarts_at_once(stand: Stand) -> None:
    """SIGQUIT: an immediate shutdown, without telling clients or writing a checkpoint."""
    with stand.run("Postgres restarted immediately") as writers:
        writers.until(0.4)
        stand.kill("postgres", signal.SIGQUIT)


def test_valkey_is_flushed_and_killed(stand: Stand) -> None:
    with stand.run("Valkey flushed, then killed") as writers:
        writers.until(0.3)
        with Redis.from_url(stand.address("REDIS_URL")) as valkey:
            valkey.flushall()
        writers.until(0.6)
        stand.kill("valkey")


def test_the_broker_comes_back_empty(stand: Stand) -> None:
    """Relays see another cluster id and publish everything again; an operator's `migrate` makes the topics."""
    with stand.run("broker wiped") as writers:
        writers.until(0.4)
        wipe(stand)


def test_the_broker_comes_back_empty_while_nobody_consumes(stand: Stand) -> None:
    """By the time insights looks again, the new log is longer than the old place in it."""
    with stand.run("broker wiped, consumer away") as writers:
        writers.until(0.2)
        with stand.stopped("insights-consume"):
            wipe(stand)
            writers.until(0.9)
            stand.until_relayed("audience")


def wipe(stand: Stand) -> None:
    with stand.stopped("kafka"):
        shutil.rmtree(stand.home.root / "kafka" / "log")
        stand.kill("kafka")
    for service in SERVICES:
        stand.system.command("deploy.local", "service", service, "migrate", timeout_seconds=120)
