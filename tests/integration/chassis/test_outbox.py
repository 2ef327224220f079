"""What transactions said: every list is published in order, by one relay, and again to a broker that lacks it."""

import asyncio
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client import REGISTRY

from chassis import telemetry
from chassis.events import Event, Topic
from chassis.ids import new_id
from chassis.outbox import Relay
from chassis.postgres import MAX_LISTED, Database
from tests.integration.chassis.road import event, running
from tests.support.servers import Servers
from tests.support.waiting import until


async def refilled(db: Database, cluster: str, limit: int = 100) -> list[str]:
    """The keys that the next turn sends to this cluster again."""
    async with db.held(cluster, limit) as claim:
        if claim.events:
            await claim.mark()
        return [e.key for e in claim.events]


async def say(db: Database, topic: Topic, *keys: str) -> None:
    """A transaction for each event, published at once."""
    for key in keys:
        async with db.transaction() as conn:
            await db.add_event(conn, event(topic, key))
    async with db.pending(100) as claim:
        await claim.mark()


async def test_another_broker_gets_all_held_events_again(db: Database, topic: Topic) -> None:
    assert await refilled(db, "one") == []
    await say(db, topic, "a", "b", "c")
    assert await refilled(db, "one") == []
    assert await refilled(db, "two", 2) == ["a", "b"]
    # What is new is published meanwhile, and comes again in its place: the last of its key stays the last.
    await say(db, topic, "a")
    assert await refilled(db, "two", 2) == ["c", "a"]
    assert await refilled(db, "two", 2) == await refilled(db, "two", 2) == []


async def test_a_refill_that_is_cut_off_goes_on_where_it_stood(db: Database, topic: Topic) -> None:
    await refilled(db, "one")
    await say(db, topic, "a", "b", "c")
    assert await refilled(db, "two", 1) == ["a"]
    async with db.held("two", 1) as claim:  # never acknowledged
        assert [e.key for e in claim.events] == ["b"]
        assert await refilled(db, "two") == []  # another relay is at it
    assert await refilled(db, "two") == ["b", "c"]
    # A broker that is lost in the middle is refilled from the start.
    await refilled(db, "three", 1)
    assert await refilled(db, "four") == ["a", "b", "c"]


async def test_a_transaction_is_one_row_for_each_topic(db: Database, topic: Topic) -> None:
    said = [event(topic, str(n)) for n in range(MAX_LISTED + 1)]
    async with db.transaction() as conn:
        await db.add_events(conn, said)
        assert await conn.fetchval("SELECT count(*) FROM outbox") == 2
    async with db.pending(10) as claim:
        assert claim.events == said


async def test_rows_of_a_single_event_are_published_too(db: Database, topic: Topic) -> None:
    """As 0.2 writes them until the last of its processes has ended."""
    e = event(topic, "k")
    async with db.transaction() as conn:
        sql = "INSERT INTO outbox (event_id, topic, key, type, payload, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)"
        await conn.execute(sql, e.id, e.topic, e.key, e.type, e.payload, e.occurred_at)
    async with db.pending(10) as claim:
        assert claim.events == [e]


async def test_events_lie_where_kafkas_own_clients_put_their_keys(db: Database, backing: Servers, topic: Topic) -> None:
    """And in order, however many batches they take."""
    said = [Event(new_id(), topic.name, f"key {n % 5}", "Big", bytes(200_000), datetime.now(UTC)) for n in range(20)]
    async with db.transaction() as conn:
        await db.add_events(conn, said)
    consumer = AIOKafkaConsumer(topic.name, bootstrap_servers=backing.kafka_bootstrap, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    await consumer.start()
    async with running(Relay(db, backing.kafka_bootstrap)):
        records = [await asyncio.wait_for(consumer.getone(), 20) for _ in said]
    for record in records:
        placed = await producer.send_and_wait(topic.name, b"", key=record.key)
        assert placed.partition == record.partition
    await producer.stop()
    await consumer.stop()
    for key in {e.key for e in said}:
        sent = [str(e.id).encode() for e in said if e.key == key]
        assert [dict(r.headers)["id"] for r in records if r.key == key.encode()] == sent


async def test_two_relays_never_hold_the_same_event(db: Database, topic: Topic) -> None:
    for _ in range(4):
        async with db.transaction() as conn:
            await db.add_event(conn, event(topic, "k"))
    async with db.pending(2) as one, db.pending(10) as other:
        ids = [e.id for e in one.events] + [e.id for e in other.events]
        assert len(ids) == len(set(ids)) == 4


async def test_the_outbox_tells_its_age_while_the_broker_is_away(db: Database, topic: Topic) -> None:
    telemetry.OUTBOX_OLDEST_SECONDS.set(0)
    async with db.transaction() as conn:
        await db.add_event(conn, event(topic, "k"))

    async def is_told() -> bool:
        return bool(REGISTRY.get_sample_value("soundstage_outbox_oldest_seconds"))

    async with running(Relay(db, "127.0.0.1:1")):
        await until(is_told)
