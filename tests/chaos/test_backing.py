"""The backing servers lose what they held: connections, memory, and the whole log."""

import shutil
import signal
import time

from redis import Redis

from deploy.local.ports import SERVICES
from tests.chaos.stand import Stand
from tests.support.waiting import eventually

# In rows of a hundred, of a type that nobody counts.
HOLD = """
INSERT INTO outbox (topic, event_ids, keys, types, payloads, times, traceparents, published_at)
SELECT 'soundstage.social.v1', array_agg(gen_random_uuid()), array_agg(n::text), array_agg('Nothing'::text),
    array_agg(''::bytea), array_agg(now()), array_agg(''::text), now()
FROM generate_series(1, 1000000) AS n GROUP BY n / 100
"""
IS_REFILLING = "SELECT refilled_id IS NOT NULL FROM outbox_broker"


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


def test_a_broker_with_a_million_held_events_comes_back_empty(stand: Stand) -> None:
    """They are published again in slices, by turns with what is new, which does not wait for them."""
    stand.rows("audience", HOLD)
    with stand.run("broker wiped, a million events held", lasting=90.0) as writers:
        writers.until(0.2)
        wipe(stand)
        eventually(lambda: stand.rows("audience", IS_REFILLING)[0][0], seconds=60)
        eventually(lambda: not stand.rows("audience", IS_REFILLING)[0][0], seconds=300)


def test_postgres_is_read_only_for_twenty_seconds(stand: Stand) -> None:
    """A switchover: the old primary still answers, and refuses to write."""
    with stand.run("Postgres read-only for 20 s", lasting=40.0) as writers:
        writers.until(0.2)
        stand.rows("audience", "ALTER SYSTEM SET default_transaction_read_only = on")
        stand.rows("audience", "SELECT pg_reload_conf()")
        time.sleep(20)  # the fault itself is this long
        stand.rows("audience", "ALTER SYSTEM RESET default_transaction_read_only")
        stand.rows("audience", "SELECT pg_reload_conf()")


def wipe(stand: Stand) -> None:
    with stand.stopped("kafka"):
        shutil.rmtree(stand.home.root / "kafka" / "log")
        stand.kill("kafka")
    for service in SERVICES:
        stand.system.command("deploy.local", "service", service, "migrate", timeout_seconds=120)
