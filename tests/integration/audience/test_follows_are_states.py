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
from tests.integration.audience.house import House, account_state, user


async def among(house: House, caller: Principal, *people: Principal) -> set[str]:
    request = follows_pb2.ListFollowsAmongRequest(account_ids=[str(p.account_id) for p in people])
    return set((await call(house.follows.ListAmong, request, caller=caller)).followed_ids)


async def listed(house: House, method: Any, request: Any, caller: Principal = ANONYMOUS) -> tuple[list[str], int]:
    answer = await call(method, request, caller=caller)
    entries = answer.followers if method is house.follows.ListFollowers else answer.followees
    return [entry.account_id for entry in entries], answer.total


async def told(house: House) -> list[FollowState]:
    return [FollowState.FromString(e.payload) for e in await house.outbox() if e.topic == "soundstage.social.v1"]


async def test_follow_unfollow_follow(house: House) -> None:
    fan, artist = user(), user()
    await house.know(fan, artist)
    for change in (house.follow, house.follow, house.unfollow, house.unfollow, house.follow):
        await change(artist, fan)
    states = await told(house)
    assert [(s.is_following, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    assert {(s.follower_id, s.followee_id) for s in states} == {(str(fan.account_id), str(artist.account_id))}
    assert [e.type for e in await house.outbox()] == ["Followed", "Unfollowed", "Followed"]
    assert {e.key for e in await house.outbox()} == {str(artist.account_id)}


async def test_whom_of_these_one_follows(house: House) -> None:
    fan, *artists = [user() for _ in range(4)]
    await house.know(fan, *artists)
    await house.follow(artists[0], fan)
    await house.follow(artists[1], fan)
    await house.unfollow(artists[1], fan)
    assert await among(house, fan, *artists, user()) == {str(artists[0].account_id)}
    assert await among(house, artists[0], fan) == set()
    assert await among(house, fan) == set()


async def test_who_follows_whom_newest_first(house: House) -> None:
    artist, *fans = [user() for _ in range(5)]
    await house.know(artist, *fans)
    for fan in fans:
        await house.follow(artist, fan)
    await house.unfollow(artist, fans[1])
    await house.follow(fans[3], artist)
    await house.follow(fans[0], artist)
    ids = [str(fan.account_id) for fan in fans]
    account, pages = Ref(id=str(artist.account_id)), (Page(limit=2), Page(offset=2, limit=2))
    for page, expected in zip(pages, ([ids[3], ids[2]], [ids[0]]), strict=True):
        request = follows_pb2.ListFollowersRequest(account=account, page=page)
        assert await listed(house, house.follows.ListFollowers, request) == (expected, 3)
    for page, expected in zip(pages, ([ids[0], ids[3]], []), strict=True):
        asked = follows_pb2.ListFolloweesRequest(account=account, page=page)
        assert await listed(house, house.follows.ListFollowees, asked, fans[0]) == (expected, 2)


async def test_lists_go_by_number_too_and_know_no_strangers(house: House) -> None:
    artist, foreign = user(), user(tenant="label")
    await house.know(foreign)
    house.auth.states["artist"] = account_state(artist.user_id, number=77)
    followers, followees = house.follows.ListFollowers, house.follows.ListFollowees
    assert await listed(house, followers, follows_pb2.ListFollowersRequest(account=Ref(number=77))) == ([], 0)
    assert await listed(house, followees, follows_pb2.ListFolloweesRequest(account=Ref(number=77))) == ([], 0)
    assert house.auth.asked == [["77"]]
    for unknown in (Ref(number=78), Ref(id=str(new_id())), Ref(id=str(foreign.account_id))):
        with pytest.raises(errors.NotFound):
            await listed(house, followers, follows_pb2.ListFollowersRequest(account=unknown))
        with pytest.raises(errors.NotFound):
            await listed(house, followees, follows_pb2.ListFolloweesRequest(account=unknown))


async def test_nobody_follows_themselves(house: House) -> None:
    fan = user()
    await house.know(fan)
    with pytest.raises(errors.Invalid) as refused:
        await house.follow(fan, fan)
    assert [f.field for f in refused.value.fields] == ["id"]
    await house.unfollow(fan, fan)


async def test_an_account_that_only_auth_knows_yet(house: House) -> None:
    fan, artist = user(), user()
    assert artist.account_id is not None
    house.auth.states[str(artist.account_id)] = account_state(artist.account_id)
    await house.follow(artist, fan)
    assert house.auth.asked == [[str(artist.account_id)]]
    assert await among(house, fan, artist) == {str(artist.account_id)}


async def test_unknown_removed_and_another_tenants_accounts(house: House) -> None:
    fan, removed, foreign = user(), user(), user(tenant="label")
    await house.know(fan, foreign)
    assert removed.account_id is not None
    await house.learn(account_state(removed.account_id, version=2, is_removed=True))
    for whom in (user(), removed, foreign):
        for refused in (house.follow(whom, fan), house.unfollow(whom, fan)):
            with pytest.raises(errors.NotFound):
                await refused


async def test_auth_away_is_not_a_no(house: House) -> None:
    house.auth.is_away = True
    with pytest.raises(errors.Unavailable):
        await house.follow(user(), user())


async def test_bad_input(house: House) -> None:
    with pytest.raises(errors.Unauthenticated):
        await house.follow(user(), ANONYMOUS)
    for request in (follows_pb2.FollowRequest(account_id="no id"), follows_pb2.FollowRequest()):
        with pytest.raises(errors.Invalid):
            await call(house.follows.Follow, request, caller=user())
    many = follows_pb2.ListFollowsAmongRequest(account_ids=[str(new_id()) for _ in range(1001)])
    with pytest.raises(errors.Invalid):
        await call(house.follows.ListAmong, many, caller=user())


async def test_many_at_once_are_one_change(house: House) -> None:
    fan, artist = user(), user()
    await house.know(fan, artist)
    await asyncio.gather(*(house.follow(artist, fan) for _ in range(20)))
    assert [s.version for s in await told(house)] == [1]


async def test_a_removed_account_takes_both_directions_along(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 2)
    gone, *others = [user() for _ in range(5)]
    await house.know(gone, *others)
    for other in others:
        await house.follow(gone, other)
        await house.follow(other, gone)
    await house.follow(others[0], others[1])
    assert gone.account_id is not None
    await house.learn(account_state(gone.account_id, version=2, is_removed=True))
    withdrawn = [s for s in await told(house) if not s.is_following]
    assert len(withdrawn) == 8
    assert all(str(gone.account_id) in (s.follower_id, s.followee_id) for s in withdrawn)
    assert await among(house, others[1], others[0]) == {str(others[0].account_id)}
    with pytest.raises(errors.Forbidden):
        await house.follow(others[0], gone)
