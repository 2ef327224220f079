"""A follow is a state with a version; of whom is decided by the copy of accounts, and by auth before it says no."""

import asyncio

import pytest
from soundstage.audience.v1 import follows_pb2
from soundstage.audience.v1.follows_pb2 import FollowState

from chassis import errors
from chassis.client import call
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Principal
from tests.integration.audience.house import House, account_state, user


async def known(house: House, *people: Principal) -> None:
    await house.learn(*(account_state(p.account_id, tenant=p.tenant) for p in people if p.account_id))


async def follow(house: House, whom: Principal, caller: Principal) -> None:
    request = follows_pb2.FollowRequest(account_id=str(whom.account_id))
    await call(house.follows.Follow, request, caller=caller)


async def unfollow(house: House, whom: Principal, caller: Principal) -> None:
    request = follows_pb2.UnfollowRequest(account_id=str(whom.account_id))
    await call(house.follows.Unfollow, request, caller=caller)


async def among(house: House, caller: Principal, *people: Principal) -> set[str]:
    request = follows_pb2.ListAmongRequest(account_ids=[str(p.account_id) for p in people])
    return set((await call(house.follows.ListAmong, request, caller=caller)).followed_ids)


async def told(house: House) -> list[FollowState]:
    return [FollowState.FromString(e.payload) for e in await house.outbox() if e.topic == "soundstage.social.v1"]


async def test_follow_unfollow_follow(house: House) -> None:
    fan, artist = user(), user()
    await known(house, fan, artist)
    for change in (follow, follow, unfollow, unfollow, follow):
        await change(house, artist, fan)
    states = await told(house)
    assert [(s.is_following, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    assert {(s.follower_id, s.followee_id) for s in states} == {(str(fan.account_id), str(artist.account_id))}
    assert [e.type for e in await house.outbox()] == ["Followed", "Unfollowed", "Followed"]
    assert {e.key for e in await house.outbox()} == {str(artist.account_id)}


async def test_whom_of_these_one_follows(house: House) -> None:
    fan, *artists = [user() for _ in range(4)]
    await known(house, fan, *artists)
    await follow(house, artists[0], fan)
    await follow(house, artists[1], fan)
    await unfollow(house, artists[1], fan)
    assert await among(house, fan, *artists, user()) == {str(artists[0].account_id)}
    assert await among(house, artists[0], fan) == set()
    assert await among(house, fan) == set()


async def test_nobody_follows_themselves(house: House) -> None:
    fan = user()
    await known(house, fan)
    with pytest.raises(errors.Invalid) as refused:
        await follow(house, fan, fan)
    assert [f.field for f in refused.value.fields] == ["id"]
    await unfollow(house, fan, fan)


async def test_an_account_that_only_auth_knows_yet(house: House) -> None:
    fan, artist = user(), user()
    assert artist.account_id is not None
    house.auth.states[str(artist.account_id)] = account_state(artist.account_id)
    await follow(house, artist, fan)
    assert house.auth.asked == [[str(artist.account_id)]]
    assert await among(house, fan, artist) == {str(artist.account_id)}


async def test_unknown_removed_and_another_tenants_accounts(house: House) -> None:
    fan, removed, foreign = user(), user(), user(tenant="label")
    await known(house, fan, foreign)
    assert removed.account_id is not None
    await house.learn(account_state(removed.account_id, version=2, is_removed=True))
    for whom in (user(), removed, foreign):
        for refused in (follow(house, whom, fan), unfollow(house, whom, fan)):
            with pytest.raises(errors.NotFound):
                await refused


async def test_auth_away_is_not_a_no(house: House) -> None:
    house.auth.is_away = True
    with pytest.raises(errors.Unavailable):
        await follow(house, user(), user())


async def test_bad_input(house: House) -> None:
    with pytest.raises(errors.Unauthenticated):
        await follow(house, user(), ANONYMOUS)
    for request in (follows_pb2.FollowRequest(account_id="no id"), follows_pb2.FollowRequest()):
        with pytest.raises(errors.Invalid):
            await call(house.follows.Follow, request, caller=user())
    many = follows_pb2.ListAmongRequest(account_ids=[str(new_id()) for _ in range(1001)])
    with pytest.raises(errors.Invalid):
        await call(house.follows.ListAmong, many, caller=user())


async def test_many_at_once_are_one_change(house: House) -> None:
    fan, artist = user(), user()
    await known(house, fan, artist)
    await asyncio.gather(*(follow(house, artist, fan) for _ in range(20)))
    assert [s.version for s in await told(house)] == [1]


async def test_a_removed_account_takes_both_directions_along(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.follows.domain.BATCH", 2)
    gone, *others = [user() for _ in range(5)]
    await known(house, gone, *others)
    for other in others:
        await follow(house, gone, other)
        await follow(house, other, gone)
    await follow(house, others[0], others[1])
    assert gone.account_id is not None
    await house.learn(account_state(gone.account_id, version=2, is_removed=True))
    withdrawn = [s for s in await told(house) if not s.is_following]
    assert len(withdrawn) == 8
    assert all(str(gone.account_id) in (s.follower_id, s.followee_id) for s in withdrawn)
    assert await among(house, others[1], others[0]) == {str(others[0].account_id)}
    with pytest.raises(errors.Forbidden):
        await follow(house, others[0], gone)
