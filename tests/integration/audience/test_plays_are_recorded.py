"""A play is kept with its event, cut to the track, at the database's time; each item of a group has its own outcome."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from soundstage.audience.v1 import plays_pb2
from soundstage.audience.v1.plays_pb2 import PlayRecorded

from chassis import clock, errors
from chassis.client import call
from chassis.ids import new_id
from chassis.principal import ANONYMOUS
from tests.integration.audience.system import System, account_state, item, private_track, user
from tests.support.owners import track_state

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_play_is_kept_with_its_event(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    play = item(listener, track, seconds=500, device="Web", traceparent=TRACEPARENT)
    (outcome,) = await system.record(play)
    assert (outcome.id, outcome.refused) == (play.id, "")
    (event,) = await system.outbox()
    told = PlayRecorded.FromString(event.payload)
    assert (str(event.id), event.topic, event.key) == (play.id, "soundstage.plays.v1", track.id)
    assert (event.type, event.traceparent[:35]) == ("PlayRecorded", TRACEPARENT[:35])
    assert (told.id, told.track_id, told.owner_id) == (play.id, track.id, track.owner_id)
    assert (told.user_id, told.seconds, told.duration_ms, told.device) == (play.user_id, 200, 200_000, "Web")
    assert told.is_authenticated
    assert told.source == plays_pb2.PLAY_SOURCE_PLATFORM
    assert told.received_at == outcome.recorded_at
    assert abs(told.received_at.ToDatetime(UTC) - clock.utc_now()) < timedelta(seconds=30)
    assert abs(told.occurred_at.ToDatetime(UTC) - clock.utc_now()) < timedelta(seconds=30)


async def test_what_the_player_did_not_say_stays_unsaid(system: System) -> None:
    track = track_state()
    await system.learn(track)
    await system.record(item(ANONYMOUS, track, source=plays_pb2.PLAY_SOURCE_DISCOVERY))
    (event,) = await system.outbox()
    told = PlayRecorded.FromString(event.payload)
    assert not told.HasField("seconds")
    assert not told.HasField("device")
    assert (told.user_id, told.is_authenticated) == ("", False)


async def test_each_item_has_its_own_outcome(system: System) -> None:
    owner, admin, other = user(), user(role="admin"), user()
    public, private = track_state(), private_track(owner)
    processing = track_state(status=1)
    removed = track_state(is_removed=True, version=9)
    await system.learn(public, private, processing, removed)
    outcomes = await system.record(
        item(other, public),
        item(other, private),
        item(owner, private),
        item(admin, private),
        item(other, processing),
        item(other, removed),
        item(other, track_state()),
        item(ANONYMOUS, private),
    )
    assert [o.refused for o in outcomes] == [
        "", "FORBIDDEN", "", "", "CONFLICT", "NOT_FOUND", "NOT_FOUND", "FORBIDDEN",
    ]  # fmt: skip
    assert [bool(o.id) for o in outcomes] == [not o.refused for o in outcomes]
    assert len(await system.outbox()) == 3


async def test_nobody_reports_for_another(system: System) -> None:
    track, listener, victim = track_state(), user(), user()
    await system.learn(track)
    (outcome,) = await system.record(item(listener, track, user_id=str(victim.account_id)))
    assert outcome.refused == "FORBIDDEN"
    assert await system.outbox() == []


@pytest.mark.parametrize(
    "change",
    [
        {"track_id": "no id"},
        {"id": "no id"},
        {"user_id": "no id"},
        {"seconds": -1},
        {"device": "a\0b"},
        {"device": "x" * 256},
        {"idempotency_key": "a\0b"},
        {"fingerprint": b"x" * 65, "idempotency_key": "k"},
        {"traceparent": "\0"},
        {"source": 70_000},
        {"principal": b"no principal"},
    ],
    ids=str,
)
async def test_a_malformed_item_does_not_spoil_its_group(system: System, change: dict[str, Any]) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    bad = item(listener, track, **{name: value for name, value in change.items() if name != "principal"})
    if "principal" in change:
        bad.principal = b"no principal"
    outcomes = await system.record(bad, item(listener, track))
    assert [o.refused for o in outcomes] == ["INVALID", ""]


async def test_an_empty_group_and_one_that_is_too_large(system: System) -> None:
    assert await system.record() == []
    track, listener = track_state(), user()
    with pytest.raises(errors.Invalid):
        await system.record(*[item(listener, track)] * 1001)


async def test_only_services_record(system: System) -> None:
    with pytest.raises(errors.Forbidden):
        await call(system.plays.RecordPlays, plays_pb2.RecordPlaysRequest(), caller=user())
    with pytest.raises(errors.Unauthenticated):
        await call(system.plays.RecordPlays, plays_pb2.RecordPlaysRequest(), caller=ANONYMOUS)


async def test_a_user_is_known_before_a_play_bears_their_name(system: System) -> None:
    track, listener, unknown = track_state(), user(), new_id()
    await system.learn(track)
    assert listener.account_id is not None
    system.auth.states[str(listener.account_id)] = account_state(listener.account_id)
    source = plays_pb2.PLAY_SOURCE_AUDIENCE
    outcomes = await system.record(
        item(ANONYMOUS, track, user_id=str(listener.account_id), source=source),
        item(ANONYMOUS, track, user_id=str(unknown), source=source),
    )
    assert [o.refused for o in outcomes] == ["", "NOT_FOUND"]
    (event,) = await system.outbox()
    assert not PlayRecorded.FromString(event.payload).is_authenticated
    system.auth.is_away = True
    (outcome,) = await system.record(item(ANONYMOUS, track, user_id=str(new_id()), source=source))
    assert outcome.refused == "UNAVAILABLE"
