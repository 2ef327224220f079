"""The last 24 hours of a track, down to the minute."""

from datetime import timedelta

from soundstage.common.v1.common_pb2 import Ref

from chassis import clock
from chassis.ids import new_id
from services.insights import wire
from tests.integration.insights.history import a_play
from tests.integration.insights.system import System, user


async def test_what_is_happening_now(system: System) -> None:
    track = system.catalog.has()
    now = clock.utc_now()
    ann, bob = str(new_id()), str(new_id())
    this_minute = now.replace(second=0, microsecond=0)

    def ago(**span: float) -> object:
        return now - timedelta(**span)

    await system.count(
        a_play(track.id, ann, at=now, device="Chrome Browser", seconds=120),
        a_play(track.id, ann, at=now - timedelta(minutes=4)),
        a_play(track.id, "", at=now - timedelta(minutes=3)),
        a_play(track.id, bob, at=now - timedelta(minutes=6)),
        a_play(track.id, bob, at=this_minute - timedelta(minutes=59)),
        a_play(track.id, bob, at=this_minute - timedelta(minutes=59, seconds=1)),
        a_play(track.id, bob, at=now - timedelta(hours=23, minutes=58)),
        a_play(track.id, bob, at=now - timedelta(hours=24, minutes=1)),
        a_play(str(new_id()), bob, at=now),
    )
    answer = await system.now(Ref(id=track.id), user(id=track.owner_id))
    first = wire.moment(answer.minutes_from)
    assert first.second == 0
    # The minute may have turned since the plays were made.
    turned = round((first + timedelta(minutes=59) - this_minute).total_seconds() / 60)
    assert turned in (0, 1)
    assert answer.active_listeners == 1
    assert len(answer.per_minute) == 60
    assert answer.last_hour == sum(answer.per_minute) == 5 - turned
    assert answer.last_24_hours == 7
    assert answer.per_minute[59 - turned] >= 1
    recent = answer.recent_plays
    moments = [wire.moment(play.played_at) for play in recent]
    assert moments == sorted(moments, reverse=True)
    assert len(recent) == 8
    assert (recent[0].device, recent[0].seconds) == ("Chrome Browser", 120)
    assert not recent[1].HasField("device") and not recent[1].HasField("seconds")


async def test_at_most_twenty_recent_plays_newest_first(system: System) -> None:
    track = system.catalog.has()
    now = clock.utc_now()
    plays = [a_play(track.id, at=now - timedelta(seconds=n)) for n in range(30)]
    await system.count(*plays)
    answer = await system.now(Ref(id=track.id), user(id=track.owner_id))
    assert [play.played_at for play in answer.recent_plays] == [play.occurred_at for play in plays[:20]]


async def test_seconds_come_back_as_they_were_reported(system: System) -> None:
    track = system.catalog.has()
    await system.count(a_play(track.id, seconds=13, duration_ms=12_345))
    (play,) = (await system.now(Ref(id=track.id), user(id=track.owner_id))).recent_plays
    assert play.seconds == 13


async def test_minutes_that_no_read_looks_back_to_are_forgotten_and_plays_are_not(system: System) -> None:
    track = system.catalog.has()
    now = clock.utc_now()
    await system.count(a_play(track.id, at=now), a_play(track.id, at=now - timedelta(hours=24, minutes=30)))
    await system.value("UPDATE track_minutes SET minute = minute - interval '2 hours'")
    (prune,) = [role for role in system.roles.work if getattr(role, "name", "") == "prune minutes"]
    await prune.do()  # type: ignore[attr-defined]
    assert await system.value("SELECT count(*) FROM track_minutes") == 1
    assert await system.value("SELECT count(*) FROM plays") == 2
