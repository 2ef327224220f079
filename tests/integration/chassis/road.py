"""What the tests of this folder do: events that count, the roles that carry them, and what became of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis import dead_letters
from chassis.errors import Invalid
from chassis.events import Event, Record, Topic
from chassis.ids import new_id
from chassis.postgres import Connection, Database
from chassis.process import Role
from tests.support.servers import Servers

COUNT = "INSERT INTO counted (id, key) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING"


@asynccontextmanager
async def running(*roles: Role) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(role.run(stop)) for role in roles]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def event(topic: Topic, key: str) -> Event:
    return Event(new_id(), topic.name, key, "Counted", b"payload", datetime.now(UTC))


async def count(conn: Connection, records: Sequence[Record]) -> None:
    events = [record.event for record in records]
    if any(e.type == "Poison" for e in events):
        raise Invalid("poison")
    await conn.execute(COUNT, [e.id for e in events], [e.key for e in events])


async def counted(db: Database) -> int:
    """On a connection of its own: a test may have ended those of the pool."""
    conn = await asyncpg.connect(db.url)
    try:
        return int(await conn.fetchval("SELECT count(*) FROM counted"))
    finally:
        await conn.close()


async def publish(backing: Servers, topic: Topic, *types: str) -> list[Event]:
    """An event of each type, in one partition."""
    published = [Event(new_id(), topic.name, "k", type, b"payload", datetime.now(UTC)) for type in types]
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    for e in published:
        await producer.send_and_wait(topic.name, e.payload, key=b"k", headers=e.headers())
    await producer.stop()
    return published


async def letters(backing: Servers, group: str) -> int:
    place = TopicPartition(dead_letters.topic_of(group), 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=backing.kafka_bootstrap)
    await consumer.start()
    ends = await consumer.end_offsets([place])
    await consumer.stop()
    return int(ends[place])
