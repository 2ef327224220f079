"""Before the copy says no, catalog is asked once for the whole group; its no is kept for a second; away is not no."""

from collections.abc import Collection
from uuid import UUID

import pytest
from google.protobuf.message import DecodeError
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis import asked, errors
from chassis.ids import new_id
from tests.integration.audience.system import System, account_state, item, private_track, user
from tests.support.owners import track_state


async def test_a_track_that_the_copy_does_not_know_yet(system: System) -> None:
    track = track_state()
    system.catalog.states[track.id] = track
    outcomes = await system.record(item(user(), track), item(user(), track))
    assert [o.refused for o in outcomes] == ["", ""]
    assert system.catalog.asked == [[track.id]]
    assert len(await system.outbox()) == 2


async def test_a_track_that_was_just_completed_and_one_just_made_public(system: System) -> None:
    completed, opened = track_state(version=2), track_state(version=2)
    await system.learn(track_state(id=completed.id, status=1))
    await system.learn(private_of(opened))
    system.catalog.states |= {completed.id: completed, opened.id: opened}
    outcomes = await system.record(item(user(), completed), item(user(), opened))
    assert [o.refused for o in outcomes] == ["", ""]
    assert [sorted(ids) for ids in system.catalog.asked] == [sorted([completed.id, opened.id])]


async def test_what_the_copy_allows_costs_no_call(system: System) -> None:
    track = track_state()
    await system.learn(track)
    await system.record(item(user(), track))
    assert system.catalog.asked == []


async def test_catalogs_no_is_kept_for_a_second(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    track = track_state()
    for _ in range(3):
        (outcome,) = await system.record(item(user(), track))
        assert outcome.refused == "NOT_FOUND"
    assert len(system.catalog.asked) == 1
    system.catalog.states[track.id] = track
    monkeypatch.setattr(asked, "NO_SECONDS", 0.0)
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == ""


async def test_another_call_asked_since_the_copy_was_read(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    track = track_state()
    system.catalog.states[track.id] = track
    ask = asked.Asked[UUID].ask

    async def overtaken(self: asked.Asked[UUID], ids: Collection[UUID]) -> None:
        await ask(self, ids)
        return await ask(self, ids)

    monkeypatch.setattr(asked.Asked, "ask", overtaken)
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == ""
    assert len(system.catalog.asked) == 1


async def test_an_event_overtakes_catalogs_no(system: System) -> None:
    track = track_state()
    await system.record(item(user(), track))
    await system.learn(track)
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == ""


async def test_catalog_away_is_not_a_no(system: System) -> None:
    known, unknown = track_state(), track_state()
    await system.learn(known, private := private_track())
    system.catalog.is_away = True
    outcomes = await system.record(item(user(), known), item(user(), unknown), item(user(), private))
    assert [o.refused for o in outcomes] == ["", "UNAVAILABLE", "UNAVAILABLE"]
    assert len(await system.outbox()) == 1
    with pytest.raises(errors.Unavailable):
        await system.like(unknown, user())
    system.catalog.is_away = False
    (outcome,) = await system.record(item(user(), unknown))
    assert outcome.refused == "NOT_FOUND"


async def test_an_old_answer_does_not_overwrite_a_newer_event(system: System) -> None:
    track = private_of(track_state(), version=5)
    await system.learn(track)
    system.catalog.states[track.id] = track_state(id=track.id, version=4)
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == "FORBIDDEN"


async def test_events_come_twice_late_and_before_another(system: System) -> None:
    track = track_state(version=3)
    await system.learn(track, private_of(track, version=2), track, track_state(id=track.id, version=1, status=1))
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == ""


async def test_other_events_of_the_topics_mean_nothing(system: System) -> None:
    """Of two events with the same state the one of an unknown type is passed over, and the other is applied."""
    track = track_state()
    system.catalog.is_away = True
    await system.consume("soundstage.catalog.v1", "CommentPosted", track.SerializeToString())
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == "UNAVAILABLE"
    await system.consume("soundstage.catalog.v1", "TrackChanged", track.SerializeToString())
    (outcome,) = await system.record(item(user(), track))
    assert outcome.refused == ""


@pytest.mark.parametrize("value", [b"\xff\xff", b"", account_state(new_id()).SerializeToString()[:9]])
async def test_a_malformed_state_is_a_permanent_fault(system: System, value: bytes) -> None:
    with pytest.raises((ValueError, DecodeError)):
        await system.consume("soundstage.catalog.v1", "TrackChanged", value)


def private_of(track: TrackState, version: int = 1) -> TrackState:
    state = TrackState()
    state.CopyFrom(track)
    state.is_public, state.version = False, version
    return state
