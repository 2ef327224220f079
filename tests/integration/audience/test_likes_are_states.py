"""A like is a state with a version: a repeat changes nothing, taking back leaves a tombstone, a change is one event."""

import asyncio

import pytest
from soundstage.audience.v1 import likes_pb2
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.catalog.v1.tracks_pb2 import TrackState
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import errors
from chassis.client import call
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Kind, Principal
from tests.integration.audience.system import System, account_state, private_track, user
from tests.support.owners import track_state

LIKE = """
INSERT INTO likes (track_id, user_id, owner_id, is_liked, version, liked_at, changed_at)
VALUES ($1::text::uuid, $2::text::uuid, $2::text::uuid, true, 1, now(), now())
"""


async def told(system: System) -> list[LikeState]:
    return [LikeState.FromString(e.payload) for e in await system.outbox() if e.topic == "soundstage.likes.v1"]


async def likes_of(
    system: System, track: TrackState, caller: Principal = ANONYMOUS, offset: int = 0, limit: int = 20
) -> likes_pb2.ListLikesForTrackResponse:
    page = Page(offset=offset, limit=limit)
    request = likes_pb2.ListLikesForTrackRequest(track_id=track.id, page=page)
    answer = await call(system.likes.ListForTrack, request, caller=caller)
    assert isinstance(answer, likes_pb2.ListLikesForTrackResponse)
    return answer


async def test_like_unlike_like(system: System) -> None:
    track, fan = track_state(), user()
    await system.learn(track)
    for change in (system.like, system.like, system.unlike, system.unlike, system.like):
        await change(track, fan)
    states = await told(system)
    assert [(s.is_liked, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    assert {(s.track_id, s.user_id, s.owner_id) for s in states} == {(track.id, str(fan.account_id), track.owner_id)}
    assert states[0].liked_at == states[1].liked_at
    assert states[0].liked_at.ToNanoseconds() < states[2].liked_at.ToNanoseconds()
    assert [e.type for e in await system.outbox()] == ["TrackLiked", "TrackUnliked", "TrackLiked"]
    assert {e.key for e in await system.outbox()} == {track.id}


async def test_liked_at_stays_on_a_repeat(system: System) -> None:
    track, fan = track_state(), user()
    await system.learn(track)
    await system.like(track, fan)
    before = await likes_of(system, track)
    await system.like(track, fan)
    assert await likes_of(system, track) == before
    assert before.likes[0].user_id == str(fan.account_id)


async def test_many_at_once_are_one_change(system: System) -> None:
    track, fan = track_state(), user()
    await system.learn(track)
    await asyncio.gather(*(system.like(track, fan) for _ in range(20)))
    assert [s.version for s in await told(system)] == [1]


async def test_who_likes_it_newest_first(system: System) -> None:
    track, fans = track_state(), [user() for _ in range(5)]
    await system.learn(track)
    for fan in fans:
        await system.like(track, fan)
    await system.unlike(track, fans[1])
    newest_first = [str(fans[n].account_id) for n in (4, 3, 2, 0)]
    first, second = await likes_of(system, track, limit=3), await likes_of(system, track, offset=3)
    assert [like.user_id for like in (*first.likes, *second.likes)] == newest_first
    assert (first.total, second.total) == (4, 4)


async def test_what_one_likes_newest_first_and_as_the_asker_may_see_it(system: System) -> None:
    fan, owner = user(), user()
    await system.know(fan)
    tracks = [track_state(owner_id=str(owner.account_id)) for _ in range(4)]
    await system.learn(*tracks)
    for track in tracks:
        await system.like(track, fan)
    await system.unlike(tracks[1], fan)
    hidden = private_track(owner)
    hidden.id, hidden.version = tracks[2].id, 2
    await system.learn(hidden)

    async def liked(caller: Principal, **page: int) -> tuple[list[str], int]:
        request = likes_pb2.ListLikesOfRequest(account=Ref(id=str(fan.account_id)), page=Page(**page))
        answer = await call(system.likes.ListOf, request, caller=caller)
        return [entry.track_id for entry in answer.tracks], answer.total

    assert await liked(ANONYMOUS) == await liked(fan) == ([tracks[3].id, tracks[0].id], 2)
    assert await liked(owner, limit=2) == ([tracks[3].id, tracks[2].id], 3)
    assert await liked(user(role="admin"), offset=2) == ([tracks[0].id], 3)
    with pytest.raises(errors.NotFound):
        await call(system.likes.ListOf, likes_pb2.ListLikesOfRequest(account=Ref(id=str(new_id()))), caller=ANONYMOUS)


async def test_a_private_track_is_liked_and_shown_by_who_may_see_it(system: System) -> None:
    owner, admin = user(), user(role="admin")
    track = private_track(owner)
    await system.learn(track)
    await system.like(track, owner)
    assert (await likes_of(system, track, owner)).total == 1
    assert (await likes_of(system, track, admin)).total == 1
    for refused in (system.like(track, user()), likes_of(system, track), likes_of(system, track, user())):
        with pytest.raises(errors.Forbidden):
            await refused


async def test_unlike_is_for_whoever_liked_it_while_it_was_public(system: System) -> None:
    track, fan = track_state(), user()
    await system.learn(track)
    await system.like(track, fan)
    await system.learn(hidden := private_track())
    hidden.id, hidden.version = track.id, 2
    await system.learn(hidden)
    await system.unlike(track, fan)
    assert [s.is_liked for s in await told(system)] == [True, False]


async def test_unknown_and_removed_tracks(system: System) -> None:
    removed, fan = track_state(is_removed=True), user()
    await system.learn(removed)
    for track in (removed, track_state()):
        for refused in (system.like(track, fan), system.unlike(track, fan), likes_of(system, track, fan)):
            with pytest.raises(errors.NotFound):
                await refused


async def test_a_track_that_only_catalog_knows_yet(system: System) -> None:
    track, fan = track_state(), user()
    system.catalog.states[track.id] = track
    await system.like(track, fan)
    assert (await likes_of(system, track)).total == 1


async def test_who_may_like(system: System) -> None:
    track = track_state()
    await system.learn(track)
    with pytest.raises(errors.Unauthenticated):
        await system.like(track, ANONYMOUS)
    with pytest.raises(errors.Forbidden):
        await system.like(track, Principal(Kind.CLIENT))
    bad = TrackState(id="no id")
    for refused in (system.like(bad, user()), system.unlike(bad, user()), likes_of(system, bad)):
        with pytest.raises(errors.Invalid):
            await refused


async def test_a_removed_track_takes_its_likes_along(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 3)
    track, other, fans = track_state(), track_state(), [user() for _ in range(8)]
    await system.learn(track, other)
    await asyncio.gather(*(system.like(t, fan) for fan in fans for t in (track, other)))
    removed = track_state(id=track.id, owner_id=track.owner_id, version=2, is_removed=True)
    await system.learn(removed, removed)
    withdrawn = [s for s in await told(system) if not s.is_liked]
    assert sorted(s.user_id for s in withdrawn) == sorted(str(fan.account_id) for fan in fans)
    assert {(s.track_id, s.version) for s in withdrawn} == {(track.id, 2)}
    assert (await likes_of(system, other)).total == 8


async def test_a_withdrawal_that_a_crash_cut_short_is_finished(system: System) -> None:
    """The copy knows of the removal already, as after a crash between two transactions or after catalog was asked."""
    track, fan = track_state(), user()
    await system.learn(track)
    await system.like(track, fan)
    removed = track_state(id=track.id, owner_id=track.owner_id, version=2, is_removed=True)
    await system.execute("UPDATE tracks SET is_removed = true, version = 2 WHERE id = $1::text::uuid", track.id)
    await system.learn(removed)
    assert [s.is_liked for s in await told(system)] == [True, False]


async def test_no_like_slips_in_behind_a_removal(system: System) -> None:
    """The like has seen the track and is held before it is written; the removal waits for it, and takes it back."""
    track, fan = track_state(), user()
    await system.learn(track)
    async with system.database.connection() as conn:
        held = conn.transaction()
        await held.start()
        await conn.execute(LIKE, track.id, str(fan.account_id))
        liking = asyncio.create_task(system.like(track, fan))
        await system.until_waiting(1)
        removed = track_state(id=track.id, owner_id=track.owner_id, version=2, is_removed=True)
        removing = asyncio.create_task(system.learn(removed))
        await system.until_waiting(2, unless=removing)
        await held.rollback()
    await asyncio.gather(liking, removing)
    assert [(s.is_liked, s.version) for s in await told(system)] == [(True, 1), (False, 2)]
    with pytest.raises(errors.NotFound):
        await system.like(track, fan)


async def test_a_removed_account_takes_its_likes_along_and_adds_none(system: System) -> None:
    track, fan, other = track_state(), user(), user()
    await system.learn(track)
    await system.like(track, fan)
    await system.like(track, other)
    assert fan.account_id is not None
    await system.learn(account_state(fan.account_id, version=2, is_removed=True))
    assert [like.user_id for like in (await likes_of(system, track)).likes] == [str(other.account_id)]
    with pytest.raises(errors.Forbidden):
        await system.like(track, fan)
