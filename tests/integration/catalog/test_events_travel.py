"""Over the real broker: MongoDB's outbox, the relay, and catalog's own consumers."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from soundstage.catalog.v1 import tracks_pb2
from soundstage.streaming.v1.events_pb2 import RecordingReady

from chassis.events import Event, Topic
from chassis.ids import new_id
from chassis.inbox import Consumer
from chassis.migrate import make_topics
from chassis.mongo import Mongo
from chassis.process import Role
from services.catalog import events
from tests.integration.catalog.system import System
from tests.integration.chassis.road import running
from tests.support.waiting import until


def alone(roles: Sequence[Role]) -> list[Role]:
    """The consumers in groups of this test, since its broker is shared with other tests."""
    consumers = [role for role in roles if isinstance(role, Consumer)]
    return [Consumer(c.bootstrap, f"{c.group}-{new_id()}", c.topics, c.sink) for c in consumers]


async def prepared(system: System) -> None:
    names = ("accounts", "recordings", "market", "totals")
    others = [Topic(f"soundstage.{name}.v1") for name in names]
    settings = system.settings
    await make_topics(settings.kafka_bootstrap, [*events.TOPICS, *others], settings.kafka_replication)


async def test_a_row_that_postgres_missed_comes_with_the_tracks_event(system: System) -> None:
    await prepared(system)
    artist = system.user()
    track = await system.release(artist, title="Zweistromland")
    async with system.database.connection() as conn:
        await conn.execute("DELETE FROM search_tracks")
    assert await system.find("zweistromland") == []

    async def is_found() -> bool:
        return await system.find("zweistromland") == ["Zweistromland"]

    async def is_published() -> bool:
        waiting: int = await system.mongo.collection("outbox").count_documents({"published_at": None})
        return waiting == 0

    async with running(*system.roles.relay, *alone(system.roles.consume)):
        await until(is_found)
        await until(is_published)
    assert len(await system.outbox(track)) == 2


async def test_a_recording_becomes_ready_over_the_broker(system: System) -> None:
    await prepared(system)
    artist = system.user()
    track = await system.add(artist)
    ready = RecordingReady(recording_id=track.recording_id, track_id=track.id, duration_ms=1500)
    event = Event.of("soundstage.recordings.v1", track.recording_id, ready, type="RecordingReady")
    producer = AIOKafkaProducer(bootstrap_servers=system.settings.kafka_bootstrap)
    await producer.start()
    await producer.send_and_wait(event.topic, event.payload, key=event.key.encode(), headers=event.headers())
    await producer.stop()

    async def is_completed() -> bool:
        return (await system.get(track, artist)).status == tracks_pb2.TRACK_STATUS_COMPLETED

    async with running(*alone(system.roles.consume)):
        await until(is_completed)
    assert (await system.get(track)).duration_ms == 1500


async def test_one_relay_publishes_at_a_time(system: System) -> None:
    """MongoDB has no SKIP LOCKED: two would publish the versions of a track out of order."""
    track = await system.release(system.user())
    other = Mongo(system.settings.mongodb_url, system.settings.mongodb_database)
    async with system.mongo.pending(10) as leading, other.pending(10) as following:
        assert [e.key for e in leading.events] == [track.id, track.id]
        assert following.events == []
        await leading.mark()
    async with other.held("another", 10) as following:
        assert following.events == []
    await other.close()


async def test_another_broker_gets_all_held_events_again(system: System) -> None:
    outbox = system.mongo
    first, second = [await system.release(system.user()) for _ in range(2)]
    async with outbox.held("one", 10) as claim, outbox.pending(10) as new:
        assert claim.events == []
        await new.mark()
    for keys in ([first.id, first.id, second.id], [second.id]):
        async with outbox.held("two", 3) as claim:
            assert [e.key for e in claim.events] == keys
            await claim.mark()
    for _ in range(2):
        async with outbox.held("two", 3) as claim:
            assert claim.events == []
