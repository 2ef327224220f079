"""From the outbox over Kafka into a consumer's transaction: exactly once, whatever is repeated or malformed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client import REGISTRY

from chassis import dead_letters, migrate, telemetry
from chassis.errors import Invalid, Unavailable
from chassis.events import Event, Record, Topic
from chassis.ids import new_id
from chassis.inbox import BACKOFF_SECONDS, Consumer
from chassis.outbox import Relay
from chassis.postgres import MAX_LISTED, Connection, Database
from chassis.process import Role
from chassis.sinks import ExactlyOnceSink, StateSink
from tests.support import databases
from tests.support.servers import Servers
from tests.support.waiting import until

COUNT = "INSERT INTO counted (id, key) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING"


@pytest.fixture
async def topic(backing: Servers) -> Topic:
    topic = Topic(f"test.{new_id().hex}.v1", partitions=2)
    await migrate.make_topics(backing.kafka_bootstrap, [topic], backing.kafka_replication)
    return topic


@pytest.fixture
async def group(backing: Servers) -> str:
    name = f"test-{new_id().hex}"
    dead = Topic(f"soundstage.dead.{name}.v1", partitions=1)
    await migrate.make_topics(backing.kafka_bootstrap, [dead], backing.kafka_replication)
    return name


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
    async with db.connection() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM counted"))


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


async def test_the_outbox_tells_its_age_while_the_broker_is_away(db: Database, topic: Topic) -> None:
    telemetry.OUTBOX_OLDEST_SECONDS.set(0)
    async with db.transaction() as conn:
        await db.add_event(conn, event(topic, "k"))

    async def is_told() -> bool:
        return bool(REGISTRY.get_sample_value("soundstage_outbox_oldest_seconds"))

    async with running(Relay(db, "127.0.0.1:1")):
        await until(is_told)


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
