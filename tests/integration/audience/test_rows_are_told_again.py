"""For whoever counts: sealed minutes are compared, their events sent again under their own ids, all rows exported."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1 import follows_pb2, likes_pb2, plays_pb2

from chassis import clock, errors
from chassis.client import call, stream
from chassis.ids import new_id
from chassis.principal import SERVICE
from tests.integration.audience.house import House, account_state, item, track_state, user


def stamp(moment: datetime) -> Timestamp:
    value = Timestamp()
    value.FromDatetime(moment)
    return value


def minute(minutes_ago: int) -> datetime:
    return clock.utc_now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)


async def received(house: House, ago: int, *ids: str) -> None:
    """Plays as if they had arrived some minutes ago."""
    moment = minute(ago) + timedelta(seconds=7)
    await house.execute("UPDATE plays SET received_at = $1 WHERE id::text = ANY($2::text[])", moment, ids)


async def count(house: House, since: datetime, until: datetime) -> dict[datetime, int]:
    request = plays_pb2.CountMinutesRequest(**{"from": stamp(since), "to": stamp(until)})
    answer = await call(house.plays.CountMinutes, request, caller=SERVICE)
    return {m.minute.ToDatetime(UTC): m.count for m in answer.minutes}


async def collected(method: Any, request: Any) -> list[Any]:
    return [answer async for answer in stream(method, request, caller=SERVICE, timeout_seconds=20)]


async def test_sealed_minutes_are_counted_and_open_ones_are_not(house: House) -> None:
    track = track_state()
    await house.learn(track)
    plays = [item(user(), track) for _ in range(6)]
    await house.record(*plays)
    await received(house, 10, *(p.id for p in plays[:3]))
    await received(house, 5, *(p.id for p in plays[3:4]))
    await received(house, 1, *(p.id for p in plays[4:5]))
    assert await count(house, minute(60), minute(-60)) == {minute(10): 3, minute(5): 1}
    assert await count(house, minute(10), minute(5)) == {minute(10): 3}
    assert await count(house, minute(5), minute(10)) == {}


async def test_the_plays_of_a_minute_are_sent_again_as_they_were(house: House) -> None:
    track = track_state()
    await house.learn(track)
    plays = [item(user(), track, seconds=n, device="Web", key=str(n)) for n in range(5)]
    await house.record(*plays)
    first = await house.outbox()
    minutes = [stamp(minute(0)), stamp(minute(1)), stamp(minute(0) + timedelta(seconds=3))]
    answer = await call(house.plays.ResendMinutes, plays_pb2.ResendMinutesRequest(minutes=minutes), caller=SERVICE)
    assert answer.events == 5
    again = (await house.outbox())[5:]
    assert {(e.id, e.topic, e.key, e.type, e.payload) for e in again} == {
        (e.id, e.topic, e.key, e.type, e.payload) for e in first
    }


async def test_plays_are_exported_in_order_and_from_any_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.plays.domain.BATCH", 4)
    track = track_state()
    await house.learn(track)
    await house.record(*(item(user(), track, seconds=n) for n in range(10)))
    events = {str(e.id): e.payload for e in await house.outbox()}
    answers = await collected(house.plays.Export, plays_pb2.ExportRequest())
    exported = [play for answer in answers for play in answer.plays]
    assert [len(answer.plays) for answer in answers] == [4, 4, 2]
    assert [play.id for play in exported] == sorted(events)
    assert {play.id: play.SerializeToString() for play in exported} == events
    rest = await collected(house.plays.Export, plays_pb2.ExportRequest(after_id=exported[6].id))
    assert [play.id for answer in rest for play in answer.plays] == [play.id for play in exported[7:]]


async def test_changes_of_likes_are_counted_and_sent_again(house: House) -> None:
    track, fans = track_state(), [user() for _ in range(3)]
    await house.learn(track)
    for fan in fans:
        await house.like(track, fan)
    await house.unlike(track, fans[0])
    await house.execute("UPDATE likes SET changed_at = $1", minute(7) + timedelta(seconds=1))
    span = {"from": stamp(minute(60)), "to": stamp(minute(-1))}
    request = likes_pb2.CountChangesRequest(**span)
    answer = await call(house.likes.CountChanges, request, caller=SERVICE)
    assert [(m.minute.ToDatetime(UTC), m.count, m.version_sum) for m in answer.minutes] == [(minute(7), 3, 4)]
    before = len(await house.outbox())
    again = likes_pb2.ResendChangesRequest(minutes=[stamp(minute(7)), stamp(minute(8))])
    assert (await call(house.likes.ResendChanges, again, caller=SERVICE)).events == 3
    states = [likes_pb2.LikeState.FromString(e.payload) for e in (await house.outbox())[before:]]
    assert sorted((s.is_liked, s.version) for s in states) == [(False, 2), (True, 1), (True, 1)]


async def test_likes_and_follows_are_exported_with_their_tombstones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audience.likes.domain.EXPORT_BATCH", 2)
    monkeypatch.setattr("services.audience.follows.domain.EXPORT_BATCH", 2)
    tracks, fans, artist = [track_state(), track_state()], [user() for _ in range(3)], user()
    assert artist.account_id is not None
    await house.learn(*tracks, account_state(artist.account_id))
    for fan in fans:
        for track in tracks:
            await house.like(track, fan)
        request = follows_pb2.FollowRequest(account_id=str(artist.account_id))
        await call(house.follows.Follow, request, caller=fan)
    await house.unlike(tracks[0], fans[0])
    likes = [s for a in await collected(house.likes.Export, likes_pb2.LikesServiceExportRequest()) for s in a.likes]
    assert [(s.track_id, s.user_id) for s in likes] == sorted((t.id, str(f.account_id)) for t in tracks for f in fans)
    assert [s.is_liked for s in likes].count(False) == 1
    after = likes_pb2.LikesServiceExportRequest(after_track_id=likes[3].track_id, after_user_id=likes[3].user_id)
    assert [s for a in await collected(house.likes.Export, after) for s in a.likes] == likes[4:]
    requested = follows_pb2.FollowsServiceExportRequest()
    follows = [s for a in await collected(house.follows.Export, requested) for s in a.follows]
    assert [s.follower_id for s in follows] == sorted(str(fan.account_id) for fan in fans)


async def test_only_services_see_everybodys_rows(house: House) -> None:
    with pytest.raises(errors.Forbidden):
        async for _ in stream(house.plays.Export, plays_pb2.ExportRequest(), caller=user(), timeout_seconds=5):
            pass
    with pytest.raises(errors.Forbidden):
        await call(house.likes.CountChanges, likes_pb2.CountChangesRequest(), caller=user(role="admin"))


async def test_bad_input(house: House) -> None:
    with pytest.raises(errors.Invalid):
        await collected(house.plays.Export, plays_pb2.ExportRequest(after_id="no id"))
    far = Timestamp(seconds=10**12)
    with pytest.raises(errors.Invalid):
        await call(house.plays.CountMinutes, plays_pb2.CountMinutesRequest(to=far), caller=SERVICE)
    many = plays_pb2.ResendMinutesRequest(minutes=[stamp(minute(0))] * 1441)
    with pytest.raises(errors.Invalid):
        await call(house.plays.ResendMinutes, many, caller=SERVICE)
    half = likes_pb2.LikesServiceExportRequest(after_track_id=str(new_id()), after_user_id="x")
    with pytest.raises(errors.Invalid):
        await collected(house.likes.Export, half)
