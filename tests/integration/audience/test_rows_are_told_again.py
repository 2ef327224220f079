"""For whoever counts: sealed minutes are compared, their events sent again under their own ids, all rows exported."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1 import follows_pb2, likes_pb2, playlist_likes_pb2, plays_pb2, reposts_pb2

from chassis import clock, errors
from chassis.client import call, stream
from chassis.ids import new_id
from chassis.principal import SERVICE, Principal
from tests.integration.audience.system import System, item, playlist_state, user
from tests.support.owners import track_state


def stamp(moment: datetime) -> Timestamp:
    value = Timestamp()
    value.FromDatetime(moment)
    return value


def minute(minutes_ago: int) -> datetime:
    return clock.utc_now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)


async def received(system: System, ago: int, *ids: str) -> None:
    """Plays as if they had arrived some minutes ago."""
    moment = minute(ago) + timedelta(seconds=7)
    await system.execute("UPDATE plays SET received_at = $1 WHERE id::text = ANY($2::text[])", moment, ids)


async def count(system: System, since: datetime, until: datetime) -> dict[datetime, int]:
    request = plays_pb2.CountPlayMinutesRequest(**{"from": stamp(since), "to": stamp(until)})
    answer = await call(system.plays.CountMinutes, request, caller=SERVICE)
    return {m.minute.ToDatetime(UTC): m.count for m in answer.minutes}


async def collected(method: Any, request: Any) -> list[Any]:
    return [answer async for answer in stream(method, request, caller=SERVICE, timeout_seconds=20)]


async def test_sealed_minutes_are_counted_and_open_ones_are_not(system: System) -> None:
    track = track_state()
    await system.learn(track)
    plays = [item(user(), track) for _ in range(6)]
    await system.record(*plays)
    await received(system, 10, *(p.id for p in plays[:3]))
    await received(system, 5, *(p.id for p in plays[3:4]))
    await received(system, 1, *(p.id for p in plays[4:5]))
    assert await count(system, minute(60), minute(-60)) == {minute(10): 3, minute(5): 1}
    assert await count(system, minute(10), minute(5)) == {minute(10): 3}
    assert await count(system, minute(5), minute(10)) == {}


async def test_the_plays_of_a_minute_are_sent_again_as_they_were(system: System) -> None:
    track = track_state()
    await system.learn(track)
    plays = [item(user(), track, seconds=n, device="Web", key=str(n)) for n in range(5)]
    await system.record(*plays)
    first = await system.outbox()
    minutes = [stamp(minute(0)), stamp(minute(1)), stamp(minute(0) + timedelta(seconds=3))]
    answer = await call(system.plays.ResendMinutes, plays_pb2.ResendPlayMinutesRequest(minutes=minutes), caller=SERVICE)
    assert answer.events == 5
    again = (await system.outbox())[5:]
    assert {(e.id, e.topic, e.key, e.type, e.payload) for e in again} == {
        (e.id, e.topic, e.key, e.type, e.payload) for e in first
    }


async def test_plays_are_exported_in_order_and_from_any_place(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.plays.domain.BATCH", 4)
    track = track_state()
    await system.learn(track)
    await system.record(*(item(user(), track, seconds=n) for n in range(10)))
    events = {str(e.id): e.payload for e in await system.outbox()}
    answers = await collected(system.plays.Export, plays_pb2.ExportPlaysRequest())
    exported = [play for answer in answers for play in answer.plays]
    assert [len(answer.plays) for answer in answers] == [4, 4, 2]
    assert [play.id for play in exported] == sorted(events)
    assert {play.id: play.SerializeToString() for play in exported} == events
    rest = await collected(system.plays.Export, plays_pb2.ExportPlaysRequest(after_id=exported[6].id))
    assert [play.id for answer in rest for play in answer.plays] == [play.id for play in exported[7:]]


@dataclass(frozen=True)
class Noun:
    """How a kind of state is made, and how it is asked for by whoever counts it."""

    table: str
    service: ServiceDescriptor
    change: Callable[[System, Principal, int, bool], Awaitable[None]]

    @property
    def key(self) -> list[str]:
        """Of whom or what a state is, in order of the export."""
        fields = self.service.methods_by_name["Export"].input_type.fields
        return [field.name.removeprefix("after_") for field in fields]

    def request(self, method: str, **values: object) -> Any:
        return GetMessageClass(self.service.methods_by_name[method].input_type)(**values)

    async def ask(self, system: System, method: str, **values: object) -> Any:
        stub = getattr(system, self.table)
        return await call(getattr(stub, method), self.request(method, **values), caller=SERVICE)

    async def exported(self, system: System, after: Any = None) -> list[Any]:
        place = {f"after_{name}": getattr(after, name) for name in self.key} if after else {}
        answers = await collected(getattr(system, self.table).Export, self.request("Export", **place))
        return [state for answer in answers for _, states in answer.ListFields() for state in states]


TRACKS, PLAYLISTS, ARTISTS = [track_state(), track_state()], [playlist_state(), playlist_state()], [user(), user()]


async def like(system: System, fan: Principal, n: int, is_wanted: bool) -> None:
    await (system.like if is_wanted else system.unlike)(TRACKS[n], fan)


async def like_playlist(system: System, fan: Principal, n: int, is_wanted: bool) -> None:
    await (system.like_playlist if is_wanted else system.unlike_playlist)(PLAYLISTS[n], fan)


async def repost(system: System, fan: Principal, n: int, is_wanted: bool) -> None:
    await (system.repost if is_wanted else system.unrepost)((TRACKS[0], PLAYLISTS[0])[n], fan)


async def follow(system: System, fan: Principal, n: int, is_wanted: bool) -> None:
    await (system.follow if is_wanted else system.unfollow)(ARTISTS[n], fan)


NOUNS = [
    Noun("likes", likes_pb2.DESCRIPTOR.services_by_name["LikesService"], like),
    Noun("playlist_likes", playlist_likes_pb2.DESCRIPTOR.services_by_name["PlaylistLikesService"], like_playlist),
    Noun("reposts", reposts_pb2.DESCRIPTOR.services_by_name["RepostsService"], repost),
    Noun("follows", follows_pb2.DESCRIPTOR.services_by_name["FollowsService"], follow),
]


async def changed(system: System, noun: Noun) -> list[Any]:
    """Six states, one of them a tombstone; answers them as their last events told them, in order of their keys."""
    await system.learn(*TRACKS, *PLAYLISTS)
    await system.know(*ARTISTS)
    fans = [user() for _ in range(3)]
    for fan in fans:
        for n in (0, 1):
            await noun.change(system, fan, n, True)
    await noun.change(system, fans[0], 0, False)
    kind = type((await noun.exported(system))[0])
    told = [kind.FromString(event.payload) for event in await system.outbox()]
    newest = {tuple(getattr(state, name) for name in noun.key): state for state in told}
    return [newest[key] for key in sorted(newest)]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.table)
async def test_states_are_exported_as_they_were_told(
    system: System, noun: Noun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audience.changes.EXPORT_BATCH", 2)
    states = await changed(system, noun)
    assert sorted(state.version for state in states) == [1, 1, 1, 1, 1, 2]
    assert await noun.exported(system) == states
    assert await noun.exported(system, after=states[2]) == states[3:]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.table)
async def test_changes_are_counted_by_the_minute_and_sent_again(
    system: System, noun: Noun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audience.changes.EXPORT_BATCH", 2)
    await changed(system, noun)
    span = {"from": stamp(minute(60)), "to": stamp(minute(-1))}
    assert not (await noun.ask(system, "CountChanges", **span)).minutes
    await system.execute(f"UPDATE {noun.table} SET changed_at = $1", minute(7) + timedelta(seconds=1))
    answer = await noun.ask(system, "CountChanges", **span)
    assert [(m.minute.ToDatetime(UTC), m.count, m.version_sum) for m in answer.minutes] == [(minute(7), 6, 7)]
    before = await system.outbox()
    again = await noun.ask(system, "ResendChanges", minutes=[stamp(minute(7)), stamp(minute(8))])
    resent = (await system.outbox())[len(before) :]
    assert again.events == len(resent) == 6
    states = await noun.exported(system)
    assert {event.payload for event in resent} == {state.SerializeToString() for state in states}
    taken_back = [event for event in resent if event.type == before[-1].type]
    assert (len(taken_back), len({event.type for event in resent})) == (1, 2)


async def test_only_services_see_everybodys_rows(system: System) -> None:
    with pytest.raises(errors.Forbidden):
        async for _ in stream(system.plays.Export, plays_pb2.ExportPlaysRequest(), caller=user(), timeout_seconds=5):
            pass
    with pytest.raises(errors.Forbidden):
        await call(system.likes.CountChanges, likes_pb2.CountLikeChangesRequest(), caller=user(role="admin"))


async def test_bad_input(system: System) -> None:
    with pytest.raises(errors.Invalid):
        await collected(system.plays.Export, plays_pb2.ExportPlaysRequest(after_id="no id"))
    far = Timestamp(seconds=10**12)
    with pytest.raises(errors.Invalid):
        await call(system.plays.CountMinutes, plays_pb2.CountPlayMinutesRequest(to=far), caller=SERVICE)
    many = plays_pb2.ResendPlayMinutesRequest(minutes=[stamp(minute(0))] * 1441)
    with pytest.raises(errors.Invalid):
        await call(system.plays.ResendMinutes, many, caller=SERVICE)
    half = likes_pb2.ExportLikesRequest(after_track_id=str(new_id()), after_user_id="x")
    with pytest.raises(errors.Invalid):
        await collected(system.likes.Export, half)
