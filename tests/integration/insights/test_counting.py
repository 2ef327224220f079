"""Every play and every state counts exactly once, however often, in whatever order and by however many it arrives."""

import asyncio
import random
from datetime import timedelta

import pytest
from aiokafka import TopicPartition
from google.protobuf.message import Message

from chassis.events import Record
from chassis.sinks import Fenced
from tests.integration.insights.history import History, a_like, a_play, record
from tests.integration.insights.naive import Rows, recount
from tests.integration.insights.system import System

PLAYS = "soundstage.plays.v1"
SOCIAL = "soundstage.social.v1"


async def counted(system: System) -> Rows:
    kept = {"plays", "likes", "follows", "reposts", "playlist_likes", "tracks"}
    return {table: rows for table, rows in (await system.rows()).items() if table not in kept}


@pytest.mark.parametrize("seed", range(4))
async def test_live_counts_equal_a_recount_when_all_arrives_ten_times_in_any_order(system: System, seed: int) -> None:
    history = History.random(seed, plays=400)
    chance = random.Random(seed)
    told: list[Message] = history.messages * 10
    chance.shuffle(told)
    while told:
        size = chance.choice([1, 3, 40, 900])
        await system.count(*told[:size])
        del told[:size]
    assert await counted(system) == recount(history)


async def test_sums_by_track_by_day_and_by_user_agree(system: System) -> None:
    history = History.random(11, plays=600, within=timedelta(days=40))
    await system.count(*history.messages)
    plays = len(history.plays)
    anonymous = sum(not play.user_id for play in history.plays)
    assert await system.value("SELECT sum(plays) FROM track_totals") == plays
    assert await system.value("SELECT sum(plays) FROM track_days") == plays
    assert await system.value("SELECT sum(plays) FROM track_devices") == plays
    assert await system.value("SELECT sum(streams) FROM track_listeners") == plays - anonymous
    assert await system.value("SELECT sum(plays) FROM track_listener_days") == plays - anonymous
    assert await system.value("SELECT sum(hours) FROM track_listeners") == await system.value(
        "SELECT sum(bit_count(hours::bit(24))) FROM track_listener_days"
    )


async def test_many_consumers_at_once_neither_lose_nor_double_nor_lock_each_other_out(system: System) -> None:
    history = History.random(5, plays=300)

    async def consume(partition: int) -> None:
        chance = random.Random(partition)
        social: list[Message] = [*history.follows, *history.reposts, *history.playlist_likes]
        kinds: list[list[Message]] = [[*history.plays], [*history.likes], social]
        batches = []
        for messages in kinds:
            chance.shuffle(messages)
            batches += [messages[first : first + 50] for first in range(0, len(messages), 50)]
        chance.shuffle(batches)
        for offset, batch in enumerate(batches):
            records = [record(message) for message in batch]
            await system.another_sink().apply(TopicPartition("any", partition), records, offset, offset + 1)

    await asyncio.gather(*(consume(partition) for partition in range(6)))
    assert await counted(system) == recount(history)


async def test_a_zombie_changes_nothing(system: System) -> None:
    history = History.random(3, plays=200)
    batch = [record(play) for play in history.plays]
    place = TopicPartition(PLAYS, 0)
    first, second = system.another_sink(), system.another_sink()

    async def apply(sink: object, records: list[Record], start: int, after: int) -> str:
        try:
            await sink.apply(place, records, start, after)  # type: ignore[attr-defined]
        except Fenced:
            return "fenced"
        return "applied"

    await first.apply(place, batch[:50], 0, 50)
    # Both believe to stand at 50, with batches that overlap.
    outcomes = await asyncio.gather(apply(first, batch[50:120], 50, 120), apply(second, batch[50:200], 50, 200))
    assert sorted(outcomes) == ["applied", "fenced"]
    done = 120 if outcomes[0] == "applied" else 200
    assert await system.value("SELECT count(*) FROM plays") == done
    assert await system.value("SELECT sum(plays) FROM track_totals") == done
    assert await system.value("SELECT next FROM consumer_offsets") == done


async def test_what_fails_half_way_leaves_nothing(system: System) -> None:
    track = "0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11"
    broken = record(a_play(track))
    broken = Record(broken.topic, 0, 0, broken.key, b"\xff\xff", broken.headers)
    with pytest.raises(Exception, match=r"pars|wire|decode"):
        await system.count_batch(PLAYS, [record(a_play(track)), broken])
    assert await system.value("SELECT count(*) FROM plays") == 0
    assert await system.value("SELECT count(*) FROM consumer_offsets") == 0


async def test_likes_are_states_and_the_latest_version_wins(system: System) -> None:
    track, fan = "0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11", "6a833be7-c434-4fc0-9144-01899eeac486"
    liked, unliked = a_like(track, fan, version=1), a_like(track, fan, version=2, is_liked=False)

    async def likes() -> int | None:
        value: int | None = await system.value("SELECT likes FROM track_totals")
        return value

    await system.count(unliked)
    assert await likes() == 0
    await system.count(liked, unliked, liked)
    assert await likes() == 0
    await system.count(a_like(track, fan, version=3))
    await system.count(unliked)
    assert await likes() == 1


async def test_unauthenticated_reports_can_be_left_out_of_every_figure(system: System) -> None:
    track = "0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11"
    reported = a_play(track, "6a833be7-c434-4fc0-9144-01899eeac486", source=2, is_authenticated=False)
    system.sink = system.another_sink(counts_unauthenticated=False)
    await system.count(reported)
    rows = await system.rows()
    assert len(rows["plays"]) == 1
    assert not any(rows[table] for table in rows if table != "plays")


async def test_event_types_of_others_are_passed_over(system: System) -> None:
    other = record(a_play("0192f0c1-7a55-7c4e-9f5e-2f6b0a7d1e11"))
    headers = [(name, b"CommentPosted" if name == "type" else value) for name, value in other.headers]
    await system.count_batch(SOCIAL, [Record(SOCIAL, 0, 0, other.key, b"\xff", headers)])
    assert await system.value("SELECT next FROM consumer_offsets") == 1
