"""What was lost on the way is found by comparing sealed minutes with their owner, and asked for again."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis import clock, telemetry
from chassis.ids import new_id
from tests.integration.insights.history import a_follow, a_like, a_play, a_playlist_like, a_repost
from tests.integration.insights.system import System


async def reconcile(system: System) -> None:
    (role,) = [role for role in system.roles.work if getattr(role, "name", "") == "reconcile"]
    await role.do()  # type: ignore[attr-defined]


async def is_fresh(system: System) -> None:
    """As the watch says when the consumer has met everything in Kafka."""
    await system.value(
        "INSERT INTO freshness (passed_at) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET passed_at = $1",
        clock.utc_now(),
    )


def completeness(source: str) -> float:
    samples: list[Any] = next(iter(telemetry.COMPLETENESS.collect())).samples
    return float(next(sample.value for sample in samples if sample.labels["kind"] == source))


async def test_a_lost_play_is_asked_for_until_it_is_there(system: System) -> None:
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    plays = [a_play(str(new_id()), at=minute + timedelta(seconds=n)) for n in range(50)]
    system.audience_service.history.plays = plays
    await system.count(*plays[:-1])
    await is_fresh(system)
    await reconcile(system)
    assert system.audience_service.resent_plays == [minute]
    assert completeness("plays") == 0.98
    await reconcile(system)
    assert system.audience_service.resent_plays == [minute, minute]
    await system.count(*plays)
    await reconcile(system)
    assert system.audience_service.resent_plays == [minute, minute]
    assert completeness("plays") == 1.0
    assert await system.value("SELECT count(*) FROM reconciliation_gaps") == 0


async def test_a_lost_change_of_a_like_is_asked_for(system: System) -> None:
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    track, fan = str(new_id()), str(new_id())
    first = a_like(track, fan, at=minute)
    second = a_like(track, fan, version=2, is_liked=False, at=minute + timedelta(seconds=9))
    system.audience_service.history.likes = [first, second]
    await system.count(first)
    await is_fresh(system)
    await reconcile(system)
    assert system.audience_service.resent["likes"] == [minute]
    await system.count(second)
    await reconcile(system)
    assert system.audience_service.resent["likes"] == [minute]


@pytest.mark.parametrize("kind", ["reposts", "playlist_likes", "follows"])
async def test_a_lost_change_of_any_state_is_asked_for(system: System, kind: str) -> None:
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    one, other = str(new_id()), str(new_id())
    states: dict[str, list[Message]] = {
        "reposts": [a_repost(one, other, at=minute), a_repost(one, other, version=2, is_reposted=False, at=minute)],
        "playlist_likes": [a_playlist_like(one, other, at=minute), a_playlist_like(one, other, version=2, at=minute)],
        "follows": [a_follow(one, other, at=minute), a_follow(one, other, version=2, is_following=False, at=minute)],
    }
    setattr(system.audience_service.history, kind, states[kind])
    await system.count(states[kind][0])
    await is_fresh(system)
    await reconcile(system)
    assert system.audience_service.resent == {kind: [minute]}
    await system.count(states[kind][1])
    await reconcile(system)
    assert system.audience_service.resent == {kind: [minute]}
    assert completeness(kind) == 1.0


async def test_minutes_that_are_not_sealed_are_left_alone(system: System) -> None:
    system.audience_service.history.plays = [a_play(str(new_id()), at=clock.utc_now() - timedelta(seconds=110))]
    await is_fresh(system)
    await reconcile(system)
    assert system.audience_service.resent_plays == []


async def test_what_merely_waits_in_kafka_is_not_asked_for(system: System) -> None:
    system.audience_service.history.plays = [a_play(str(new_id()), at=clock.utc_now() - timedelta(minutes=10))]
    await reconcile(system)
    assert system.audience_service.resent_plays == []
    await is_fresh(system)
    await reconcile(system)
    assert len(system.audience_service.resent_plays) == 1


async def test_a_dead_letter_is_accounted_for(system: System) -> None:
    """Asked for again, it would only be set aside again, each minute for a week."""
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    plays = [a_play(str(new_id()), at=minute + timedelta(seconds=n)) for n in range(50)]
    system.audience_service.history.plays = plays
    await system.count(*plays[:-1])
    await system.value(
        "INSERT INTO set_aside (consumer, event_id, type, minute) VALUES ('insights', $1, 'PlayRecorded', $2)",
        new_id(),
        minute,
    )
    await is_fresh(system)
    await reconcile(system)
    assert system.audience_service.resent_plays == []
    assert completeness("plays") == 1.0


async def test_a_minute_is_asked_for_ten_times_at_most(system: System) -> None:
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    system.audience_service.history.plays = [a_play(str(new_id()), at=minute)]
    await is_fresh(system)
    for _ in range(12):
        await reconcile(system)
    assert system.audience_service.resent_plays == [minute] * 10
    assert completeness("plays") == 0.0


async def test_likes_are_compared_when_plays_cannot_be(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    minute = (clock.utc_now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    system.audience_service.history.likes = [a_like(str(new_id()), str(new_id()), at=minute)]
    monkeypatch.setattr(system.audience_service.history, "plays", None)
    await is_fresh(system)
    with pytest.raises(Exception):  # noqa: B017 - whatever it was
        await reconcile(system)
    assert system.audience_service.resent["likes"] == [minute]
