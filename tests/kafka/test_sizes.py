"""Records at the limit pass, larger ones are refused where they are made, and what others sent holds up nobody."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.structs import ConsumerRecord

from chassis import dead_letters
from chassis.errors import Invalid
from chassis.events import MAX_BYTES, MAX_RECORD_BYTES, Event, Record, Topic
from chassis.inbox import Consumer
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.sinks import StateSink
from tests.integration.chassis.road import event, running
from tests.kafka.test_groups import made
from tests.support.servers import Servers
from tests.support.waiting import until

pytestmark = pytest.mark.short

# Of a batch and of the record in it, without any header; an envelope that is missing makes the record malformed.
OVERHEAD_BYTES = 80


@asynccontextmanager
async def producing(backing: Servers) -> AsyncIterator[AIOKafkaProducer]:
    """One that is not ours and knows no limit."""
    producer = AIOKafkaProducer(
        bootstrap_servers=backing.kafka_bootstrap, acks="all", max_request_size=4 * MAX_RECORD_BYTES
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


class Taken:
    def __init__(self) -> None:
        self.events = dict[str, Event]()

    async def take(self, record: Record) -> None:
        event = record.event
        self.events[str(event.id)] = event

    def consumer(self, backing: Servers, group: str, topic: Topic) -> Consumer:
        return Consumer(backing.kafka_bootstrap, group, [topic.name], StateSink(self.take))


async def letters(backing: Servers, topic: str, count: int) -> Sequence[ConsumerRecord]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=backing.kafka_bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def test_an_event_at_the_limit_comes_through(db: Database, backing: Servers, group: str) -> None:
    topic, taken = await made(backing, 1), Taken()
    largest = replace(event(topic, "k"), payload=bytes(range(250)) * (MAX_BYTES // 250))
    async with db.transaction() as conn:
        await db.add_events(conn, [event(topic, "k"), largest, event(topic, "k")])

    async def all_came() -> bool:
        return len(taken.events) == 3

    async with running(Relay(db, backing.kafka_bootstrap), taken.consumer(backing, group, topic)):
        await until(all_came)
    assert len(largest.payload) == MAX_BYTES
    assert taken.events[str(largest.id)].payload == largest.payload


async def test_an_event_over_the_limit_is_refused_where_it_is_made(backing: Servers) -> None:
    with pytest.raises(Invalid, match="1000001 bytes; the maximum is 1000000"):
        replace(event(Topic("test"), "k"), payload=bytes(MAX_BYTES + 1))


async def test_the_brokers_refuse_what_is_larger(backing: Servers) -> None:
    topic = await made(backing, 1)
    async with producing(backing) as producer:
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(topic.name, bytes(MAX_RECORD_BYTES))


async def test_strange_records_of_any_size_hold_up_nobody(backing: Servers, group: str) -> None:
    """As large as a broker takes, larger than an event may be, and with nothing in them at all."""
    topic, taken = await made(backing, 1), Taken()
    full, large = bytes(MAX_RECORD_BYTES - OVERHEAD_BYTES), bytes(MAX_BYTES + 1)
    after = event(topic, "k")
    async with producing(backing) as producer:
        await producer.send_and_wait(topic.name, full)
        await producer.send_and_wait(topic.name, large, headers=event(topic, "k").headers())
        empty = producer.create_batch()
        empty.append(key=None, value=None, timestamp=None)
        await (await producer.send_batch(empty, topic.name, partition=0))
        await producer.send_and_wait(topic.name, after.payload, key=b"k", headers=after.headers())

    async def came() -> bool:
        return str(after.id) in taken.events

    consumer = taken.consumer(backing, group, topic)
    async with running(consumer):
        await until(came)
    dead = await letters(backing, dead_letters.topic_of(consumer.group), 3)
    assert [len(letter.value) for letter in dead] == [0, len(large), 0]
    origins = [dict(letter.headers) for letter in dead]
    assert [origin["dead-offset"] for origin in origins] == [b"0", b"1", b"2"]
    assert b"the maximum is" in origins[1]["dead-fault"]
