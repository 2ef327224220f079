"""A follow is a state with a version; of whom is decided by the copy of accounts, and by auth before it says no."""

import asyncio
from typing import Any

import pytest
from soundstage.audience.v1 import follows_pb2
from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import errors
from chassis.client import call
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Principal
from tests.integration.audience.system import System, account_state, user


async def among(system: System, caller: Principal, *people: Principal) -> set[str]:
    request = follows_pb2.ListFollowsAmongRequest(account_ids=[str(p.account_id) for p in people])
    return set((await call(system.follows.ListAmong, request, caller=caller)).followed_ids)


async def listed(system: System, method: Any, request: Any, caller: Principal = ANONYMOUS) -> tuple[list[str], int]:
    answer = await call(method, request, caller=caller)
    entries = answer.followers if method is system.follows.ListFollowers else answer.followees
    return [entry.account_id for entry in entries], answer.total


async def told(system: System) -> list[FollowState]:
    return [FollowState.FromString(e.payload) for e in await system.outbox() if e.topic == "soundstage.social.v1"]


async def test_follow_unfollow_follow(system: System) -> None:
    fan, artist = user(), user()
    await system.know(fan, artist)
    for change in (system.follow, system.follow, system.unfollow, system.unfollow, system.follow):
        await change(artist, fan)
    states = await told(system)
    assert [(s.is_following, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    assert {(s.follower_id, s.followee_id) for s in states} == {(str(fan.account_id), str(artist.account_id))}
    assert [e.type for e in await system.outbox()] == ["Followed", "Unfollowed", "Followed"]
    assert {e.key for e in await system.outbox()} == {str(artist.account_id)}


async def test_whom_of_these_one_follows(system: System) -> None:
    fan, *artists = [user() for _ in range(4)]
    await system.know(fan, *artists)
    await system.follow(artists[0], fan)
    await system.follow(artists[1], fan)
    await system.unfollow(artists[1], fan)
    assert await among(system, fan, *artists, user()) == {str(artists[0].account_id)}
    assert await among(system, artists[0], fan) == set()
    assert await among(system, fan) == set()


async def test_who_follows_whom_newest_first(system: System) -> None:
    artist, *fans = [user() for _ in range(5)]
    await system.know(artist, *fans)
    for fan in fans:
        await system.follow(artist, fan)
    await system.unfollow(artist, fans[1])
    await system.follow(fans[3], artist)
    await system.follow(fans[0], artist)
    ids = [str(fan.account_id) for fan in fans]
    account, pages = Ref(id=str(artist.account_id)), (Page(limit=2), Page(offset=2, limit=2))
    for page, expected in zip(pages, ([ids[3], ids[2]], [ids[0]]), strict=True):
        request = follows_pb2.ListFollowersRequest(account=account, page=page)
        assert await listed(system, system.follows.ListFollowers, request) == (expected, 3)
    for page, expected in zip(pages, ([ids[0], ids[3]], []), strict=True):
        asked = follows_pb2.ListFolloweesRequest(account=account, page=page)
        assert await listed(system, system.follows.ListFollowees, asked, fans[0]) == (expected, 2)


async def test_lists_go_by_number_too_and_know_no_strangers(system: System) -> None:
    artist, foreign = user(), user(tenant="label")
    await system.know(foreign)
    system.auth.states["artist"] = account_state(artist.user_id, number=77)
    followers, followees = system.follows.ListFollowers, system.follows.ListFollowees
    assert await listed(system, followers, follows_pb2.ListFollowersRequest(account=Ref(number=77))) == ([], 0)
    assert await listed(system, followees, follows_pb2.ListFolloweesRequest(account=Ref(number=77))) == ([], 0)
    assert system.auth.asked == [["77"]]
    for unknown in (Ref(number=78), Ref(id=str(new_id())), Ref(id=str(foreign.account_id))):
        with pytest.raises(errors.NotFound):
            await listed(system, followers, follows_pb2.ListFollowersRequest(account=unknown))
        with pytest.raises(errors.NotFound):
            await listed(system, followees, follows_pb2.ListFolloweesRequest(account=unknown))


async def test_nobody_follows_themselves(system: System) -> None:
    fan = user()
    await system.know(fan)
    with pytest.raises(errors.Invalid) as refused:
        await system.follow(fan, fan)
    assert [f.field for f in refused.value.fields] == ["id"]
    await system.unfollow(fan, fan)


async def test_an_account_that_only_auth_knows_yet(system: System) -> None:
    fan, artist = user(), user()
    assert artist.account_id is not None
    system.auth.states[str(artist.account_id)] = account_state(artist.account_id)
    await system.follow(artist, fan)
    assert system.auth.asked == [[str(artist.account_id)]]
    assert await among(system, fan, artist) == {str(artist.account_id)}


async def test_unknown_removed_and_another_tenants_accounts(system: System) -> None:
    fan, removed, foreign = user(), user(), user(tenant="label")
    await system.know(fan, foreign)
    assert removed.account_id is not None
    await system.learn(account_state(removed.account_id, version=2, is_removed=True))
    for whom in (user(), removed, foreign):
        for refused in (system.follow(whom, fan), system.unfollow(whom, fan)):
            with pytest.raises(errors.NotFound):
                await refused


async def test_auth_away_is_not_a_no(system: System) -> None:
    system.auth.is_away = True
    with pytest.raises(errors.Unavailable):
        await system.follow(user(), user())


async def test_bad_input(system: System) -> None:
    with pytest.raises(errors.Unauthenticated):
        await system.follow(user(), ANONYMOUS)
    for request in (follows_pb2.FollowRequest(account_id="no id"), follows_pb2.FollowRequest()):
        with pytest.raises(errors.Invalid):
            await call(system.follows.Follow, request, caller=user())
    many = follows_pb2.ListFollowsAmongRequest(account_ids=[str(new_id()) for _ in range(1001)])
    with pytest.raises(errors.Invalid):
        await call(system.follows.ListAmong, many, caller=user())


async def test_many_at_once_are_one_change(system: System) -> None:
    fan, artist = user(), user()
    await system.know(fan, artist)
    await asyncio.gather(*(system.follow(artist, fan) for _ in range(20)))
    assert [s.version for s in await told(system)] == [1]


async def test_a_removed_account_takes_both_directions_along(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 2)
    gone, *others = [user() for _ in range(5)]
    await system.know(gone, *others)
    for other in others:
        await system.follow(gone, other)
        await system.follow(other, gone)
    await system.follow(others[0], others[1])
    assert gone.account_id is not None
    await system.learn(account_state(gone.account_id, version=2, is_removed=True))
    withdrawn = [s for s in await told(system) if not s.is_following]
    assert len(withdrawn) == 8
    assert all(str(gone.account_id) in (s.follower_id, s.followee_id) for s in withdrawn)
    assert await among(system, others[1], others[0]) == {str(others[0].account_id)}
    with pytest.raises(errors.Forbidden):
        await system.follow(others[0], gone)
