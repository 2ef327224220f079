"""From the outbox over Kafka into a consumer's transaction: exactly once, whatever is repeated or malformed."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from prometheus_client import REGISTRY

from chassis.errors import Unavailable
from chassis.events import Record, Topic
from chassis.inbox import Consumer
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.sinks import ExactlyOnceSink, StateSink
from tests.integration.chassis.road import count, counted, event, running
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_every_event_is_published_and_counted_once(
    db: Database, backing: Servers, topic: Topic, group: str
) -> None:
    events = [event(topic, str(n % 7)) for n in range(1200)]
    async with db.transaction() as conn:
        await db.add_events(conn, events)
    consumer = Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(db, group, count))

    async def all_counted() -> bool:
        return await counted(db) == len(events)

    async with running(Relay(db, backing.kafka_bootstrap), consumer):
        await until(all_counted)
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
        assert await conn.fetchval("SELECT sum(next) FROM consumer_offsets") == len(events)


async def test_the_log_of_a_new_broker_is_read_from_its_start(
    db: Database, backing: Servers, topic: Topic, group: str
) -> None:
    """Also when it is longer by now than the place in the old one."""
    events = [event(topic, "k") for _ in range(40)]
    async with db.transaction() as conn:
        await db.add_events(conn, events)
        await conn.execute("INSERT INTO inbox_broker VALUES ($1, 'another')", group)
        for partition in range(topic.partitions):
            await conn.execute("INSERT INTO consumer_offsets VALUES ($1, $2, $3, 30)", group, topic.name, partition)
    consumer = Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(db, group, count))

    async def all_counted() -> bool:
        return await counted(db) == len(events)

    async def all_published() -> bool:
        async with db.connection() as conn:
            return not await conn.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")

    async with running(Relay(db, backing.kafka_bootstrap)):
        await until(all_published)
    async with running(consumer):
        await until(all_counted)


async def test_a_zombie_changes_nothing(db: Database, topic: Topic, group: str) -> None:
    from chassis.sinks import Fenced

    sink = ExactlyOnceSink(db, group, count)
    partition = TopicPartition(topic.name, 0)
    e = event(topic, "k")
    record = Record(topic.name, 0, 0, b"k", e.payload, e.headers())
    await sink.apply(partition, [record], 0, 1)
    late = event(topic, "k")
    with pytest.raises(Fenced):
        await sink.apply(partition, [Record(topic.name, 0, 0, b"k", late.payload, late.headers())], 0, 1)
    assert await counted(db) == 1


async def test_a_state_consumer_goes_on_where_it_stood(backing: Servers, topic: Topic, group: str) -> None:
    seen: list[str] = []

    async def handle(record: Record) -> None:
        seen.append(record.event.key)

    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()

    async def send(key: str) -> None:
        e = event(topic, key)
        await producer.send_and_wait(topic.name, e.payload, key=key.encode(), headers=e.headers())

    for key in ("one", "two"):
        await send(key)

        async def came(key: str = key) -> bool:
            return key in seen

        async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], StateSink(handle))):
            await until(came)
    await producer.stop()
    assert sorted(seen) == ["one", "two"]


async def test_what_cannot_be_applied_just_now_is_lag(backing: Servers, topic: Topic, group: str) -> None:
    is_away = True

    async def handle(_: Record) -> None:
        if is_away:
            raise Unavailable()

    def lag() -> float:
        places = ({"group": group, "topic": topic.name, "partition": str(n)} for n in range(topic.partitions))
        return sum(REGISTRY.get_sample_value("soundstage_consumer_lag", place) or 0 for place in places)

    async def waits() -> bool:
        return lag() == 3

    async def caught_up() -> bool:
        return lag() == 0

    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    for _ in range(3):
        e = event(topic, "k")
        await producer.send_and_wait(topic.name, e.payload, key=b"k", headers=e.headers())
    await producer.stop()
    async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], StateSink(handle))):
        await until(waits)
        is_away = False
        await until(caught_up)
