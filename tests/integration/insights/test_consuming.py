"""From Kafka into the counts: repeated, shuffled, poisoned; and what is said of how far they are."""

import asyncio
import random
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from google.protobuf.message import Message

from chassis.ids import new_id
from services.insights.freshness.domain import Freshness
from services.insights.freshness.watch import Watch
from tests.integration.insights.history import History, a_play, event
from tests.integration.insights.live import Live
from tests.integration.insights.naive import recount
from tests.integration.insights.system import System
from tests.support.servers import Servers
from tests.support.waiting import until


async def poison(live: Live, backing: Servers, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    no_track = a_play("").SerializeToString()
    nul = a_play("0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11", device="NUL \x00").SerializeToString()
    bad = [(b"\xff\xff", True), (b"", True), (no_track, True), (nul, True), (b"", False)]
    for n in range(count):
        value, is_event = bad[n % len(bad)]
        its_headers = event(a_play(str(new_id()))).headers() if is_event else []
        await producer.send_and_wait(live.topic.name, value, key=str(n).encode(), headers=its_headers)
    await producer.stop()


async def dead_letters(live: Live, backing: Servers) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=backing.kafka_bootstrap)
    await consumer.start()
    place = TopicPartition(live.dead_letters, 0)
    ends = await consumer.end_offsets([place])
    await consumer.stop()
    return int(ends[place])


async def test_all_told_ten_times_and_shuffled_with_poison_between(
    system: System, live: Live, backing: Servers
) -> None:
    history = History.random(31, plays=150)
    told: list[Message] = history.messages * 10
    random.Random(31).shuffle(told)
    half = len(told) // 2
    async with live.consuming():
        await live.publish(*told[:half])
        await poison(live, backing, 7)
        await live.publish(*told[half:])
        await live.caught_up()
    rows = await system.rows()
    expected = recount(history)
    assert {table: rows[table] for table in expected} == expected
    assert await dead_letters(live, backing) == 7


async def test_a_consumer_that_ends_is_followed_by_one_that_goes_on(system: System, live: Live) -> None:
    history = History.random(32, plays=200)
    async with live.consuming():
        await live.publish(*history.plays[:100])
        await live.counted(1)
    async with live.consuming(), live.consuming():
        await live.publish(*history.plays[100:])
        await live.counted(200)
    assert await system.value("SELECT sum(plays) FROM track_totals") == 200


async def test_freshness_is_the_last_moment_whose_ends_were_passed(system: System) -> None:
    freshness, place = Freshness(system.database, "group"), ("topic", 0)
    first, second, third = (datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC) for second in (1, 2, 3))

    async def passed_at(noted_at: datetime, end: int) -> datetime | None:
        await freshness.note(noted_at, {place: end, ("empty", 0): 0})
        passed: datetime | None = await system.value("SELECT passed_at FROM freshness")
        return passed

    assert await passed_at(first, 10) is None
    await system.value("INSERT INTO consumer_offsets VALUES ('group', 'topic', 0, 10)")
    assert await passed_at(second, 12) == first
    await system.value("UPDATE consumer_offsets SET next = 12")
    assert await passed_at(third, 13) == second
    await system.value("UPDATE consumer_offsets SET next = 13")
    assert await passed_at(third, 13) == third


async def test_the_watch_sees_that_what_was_published_is_counted(system: System, live: Live) -> None:
    stop = asyncio.Event()
    watching = asyncio.create_task(Watch(Freshness(system.database, live.group), live.log).run(stop))
    await live.publish(a_play("0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11"))
    published_at = await system.value("SELECT clock_timestamp()")
    async with live.consuming():
        await until(lambda: system.value("SELECT count(*) = 1 FROM freshness WHERE passed_at > $1", published_at))
    assert await system.value("SELECT count(*) FROM plays") == 1
    stop.set()
    await watching


async def test_an_event_that_was_set_aside_is_known_when_its_owner_sends_it_again(
    system: System, live: Live, backing: Servers
) -> None:
    """A second letter would say nothing new, and enough of them would end the consumer."""
    minute = datetime(2026, 1, 1, 12, 7, tzinfo=UTC)
    bad = a_play(str(new_id()), at=minute.replace(second=9), device="NUL \x00")
    async with live.consuming():
        for _ in range(3):
            await live.publish(bad)
            await live.caught_up()
    assert await dead_letters(live, backing) == 1
    assert await system.value("SELECT type || minute FROM set_aside") == await system.value(
        "SELECT 'PlayRecorded' || $1::timestamptz", minute
    )
