"""What can never be applied is set aside and may be sent back; whatever else fails is waited for."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis import dead_letters
from chassis.errors import Invalid
from chassis.events import Event, Record, Topic
from chassis.ids import new_id
from chassis.inbox import BACKOFF_SECONDS, Consumer
from chassis.postgres import Connection, Database
from chassis.sinks import ExactlyOnceSink, StateSink
from tests.integration.chassis.road import COUNT, count, counted, event, letters, publish, running
from tests.support import databases
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_poison_is_set_aside_and_delays_nobody(db: Database, backing: Servers, topic: Topic, group: str) -> None:
    good = [event(topic, "k") for _ in range(50)]
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    for e in good[:25]:
        await producer.send_and_wait(topic.name, e.payload, key=b"k", headers=e.headers())
    await producer.send_and_wait(topic.name, b"no envelope", key=b"k")
    poison = Event(new_id(), topic.name, "k", "Poison", b"", datetime.now(UTC))
    await producer.send_and_wait(topic.name, b"", key=b"k", headers=poison.headers())
    for e in good[25:]:
        await producer.send_and_wait(topic.name, e.payload, key=b"k", headers=e.headers())
    await producer.stop()
    consumer = Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(db, group, count))

    async def all_counted() -> bool:
        return await counted(db) == len(good)

    async with running(consumer):
        await until(all_counted)
    dead = AIOKafkaConsumer(
        dead_letters.topic_of(group), bootstrap_servers=backing.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await dead.start()
    letters = [await asyncio.wait_for(dead.getone(), 10) for _ in range(2)]
    await dead.stop()
    assert [letter.value for letter in letters] == [b"no envelope", b""]
    assert dict(letters[0].headers)["dead-topic"] == topic.name.encode()


@pytest.mark.parametrize("is_state", [True, False])
async def test_a_database_that_is_read_only_is_waited_for(
    db: Database, backing: Servers, topic: Topic, group: str, is_state: bool
) -> None:
    """As in a switchover, until the new primary is found: nothing is set aside."""

    async def count_one(record: Record) -> None:
        async with db.transaction() as conn:
            await count(conn, [record])

    async def all_counted() -> bool:
        return await counted(db) == published

    sink = StateSink(count_one) if is_state else ExactlyOnceSink(db, group, count)
    async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], sink)):
        published = len(await publish(backing, topic, *["Counted"] * 5))
        await until(all_counted)
        await databases.set_read_only(backing.database_url, db.url, True)
        published += len(await publish(backing, topic, *["Counted"] * 50))
        await asyncio.sleep(3 * BACKOFF_SECONDS)
        assert await counted(db) == 5
        await databases.set_read_only(backing.database_url, db.url, False)
        await until(all_counted)
    assert await letters(backing, group) == 0


async def test_a_guard_remembers_beyond_its_process(db: Database, backing: Servers, topic: Topic, group: str) -> None:
    """A bad deploy that is restarted would otherwise set a hundred events aside each time."""

    def consumer() -> Consumer:
        return Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(db, group, count))

    async def are_set_aside() -> bool:
        return await letters(backing, group) == 99

    await publish(backing, topic, *["Poison"] * 99)
    async with running(consumer()):
        await until(are_set_aside)
    await publish(backing, topic, "Poison")
    async with asyncio.timeout(30):
        with pytest.raises(SystemExit, match="too many dead letters"):
            await consumer().run(asyncio.Event())
    assert await are_set_aside()
    # An operator knows better: it is the data.
    assert await dead_letters.forgive(backing.kafka_bootstrap, group)

    async def is_set_aside_too() -> bool:
        return await letters(backing, group) == 100

    async with running(consumer()):
        await until(is_set_aside_too)
        assert not await dead_letters.forgive(backing.kafka_bootstrap, group)


async def test_dead_letters_are_sent_back_once(db: Database, backing: Servers, topic: Topic, group: str) -> None:
    async def counting(conn: Connection, records: Sequence[Record]) -> None:
        events = [record.event for record in records]
        if not is_mended and any(e.type == "Poison" for e in events):
            raise Invalid("poison")
        await conn.execute(COUNT, [e.id for e in events], [e.key for e in events])

    async def are_set_aside() -> bool:
        return await letters(backing, group) == 2

    async def all_counted() -> bool:
        return await counted(db) == 3

    is_mended = False
    await publish(backing, topic, "Poison", "Counted", "Poison")
    async with running(Consumer(backing.kafka_bootstrap, group, [topic.name], ExactlyOnceSink(db, group, counting))):
        await until(are_set_aside)
        is_mended = True
        assert await dead_letters.resend(backing.kafka_bootstrap, group, ["test.other", topic.name]) == {
            "test.other": 0,
            topic.name: 2,
        }
        await until(all_counted)
    assert await dead_letters.resend(backing.kafka_bootstrap, group, [topic.name]) == {topic.name: 0}
    assert await letters(backing, group) == 2
