"""A like of a playlist is a state with a version; who may see a playlist is decided by the copy, then by catalog."""

import asyncio

import pytest
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.catalog.v1.playlists_pb2 import PlaylistState

from chassis import errors
from chassis.principal import ANONYMOUS, Kind, Principal
from tests.integration.audience.house import House, account_state, next_of, playlist_state, user

TOLD = ("PlaylistLiked", "PlaylistUnliked")


async def told(house: House) -> list[PlaylistLikeState]:
    return [PlaylistLikeState.FromString(e.payload) for e in await house.outbox() if e.type in TOLD]


async def test_like_unlike_like(house: House) -> None:
    playlist, fan = playlist_state(), user()
    await house.learn(playlist)
    for change in (
        house.like_playlist,
        house.like_playlist,
        house.unlike_playlist,
        house.unlike_playlist,
        house.like_playlist,
    ):
        await change(playlist, fan)
    states = await told(house)
    assert [(s.is_liked, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    whats = {(s.playlist_id, s.account_id, s.owner_id) for s in states}
    assert whats == {(playlist.id, str(fan.account_id), playlist.owner_id)}
    assert states[0].liked_at == states[1].liked_at
    events = await house.outbox()
    assert [e.type for e in events] == ["PlaylistLiked", "PlaylistUnliked", "PlaylistLiked"]
    assert {(e.topic, e.key) for e in events} == {("soundstage.social.v1", playlist.id)}


async def test_many_at_once_are_one_change(house: House) -> None:
    playlist, fan = playlist_state(), user()
    await house.learn(playlist)
    await asyncio.gather(*(house.like_playlist(playlist, fan) for _ in range(20)))
    assert [s.version for s in await told(house)] == [1]


async def test_a_private_one_is_for_its_owner_its_collaborators_and_admins(house: House) -> None:
    owner, friend, admin = user(), user(), user(role="admin")
    circle = [str(user().account_id), str(friend.account_id)]
    playlist = playlist_state(owner_id=str(owner.account_id), is_public=False, collaborator_ids=circle)
    await house.learn(playlist)
    for caller in (owner, friend, admin):
        await house.like_playlist(playlist, caller)
    with pytest.raises(errors.Forbidden):
        await house.like_playlist(playlist, user())
    alone = next_of(playlist)
    alone.ClearField("collaborator_ids")
    await house.learn(alone)
    await house.unlike_playlist(playlist, friend)
    with pytest.raises(errors.Forbidden):
        await house.like_playlist(playlist, friend)
    assert [s.is_liked for s in await told(house)] == [True, True, True, False]


async def test_a_collaborator_that_only_catalog_knows_yet(house: House) -> None:
    friend, playlist = user(), playlist_state(is_public=False)
    await house.learn(playlist)
    house.playlists.states[playlist.id] = shared = next_of(playlist)
    shared.collaborator_ids.append(str(friend.account_id))
    await house.like_playlist(playlist, friend)
    assert house.playlists.asked == [[playlist.id]]


async def test_the_copy_goes_by_version(house: House) -> None:
    playlist = playlist_state(version=3)
    await house.learn(playlist, next_of(playlist, version=2, is_public=False))
    await house.like_playlist(playlist, user())
    await house.learn(next_of(playlist, version=5, is_removed=True), next_of(playlist))
    with pytest.raises(errors.NotFound):
        await house.like_playlist(playlist, user())


async def test_another_tenants_playlist_is_not_there(house: House) -> None:
    foreign = playlist_state(tenant="label")
    await house.learn(foreign)
    for refused in (
        house.like_playlist(foreign, user()),
        house.unlike_playlist(foreign, user(role="admin")),
        house.repost(foreign, user()),
    ):
        with pytest.raises(errors.NotFound):
            await refused


async def test_unknown_playlists_and_catalog_away(house: House) -> None:
    unknown = playlist_state()
    for refused in (house.like_playlist(unknown, user()), house.unlike_playlist(unknown, user())):
        with pytest.raises(errors.NotFound):
            await refused
    house.playlists.is_away = True
    with pytest.raises(errors.Unavailable):
        await house.like_playlist(playlist_state(), user())


async def test_a_removed_playlist_takes_its_likes_along(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 3)
    playlist, other, fans = playlist_state(), playlist_state(), [user() for _ in range(8)]
    await house.learn(playlist, other)
    await asyncio.gather(*(house.like_playlist(p, fan) for fan in fans for p in (playlist, other)))
    removed = next_of(playlist, is_removed=True)
    await house.learn(removed, removed)
    withdrawn = [s for s in await told(house) if not s.is_liked]
    assert sorted(s.account_id for s in withdrawn) == sorted(str(fan.account_id) for fan in fans)
    assert {(s.playlist_id, s.version) for s in withdrawn} == {(playlist.id, 2)}


async def test_a_removed_account_takes_its_likes_along_and_adds_none(house: House) -> None:
    playlist, fan, other = playlist_state(), user(), user()
    await house.learn(playlist)
    await house.like_playlist(playlist, fan)
    await house.like_playlist(playlist, other)
    await house.learn(account_state(fan.user_id, version=2, is_removed=True))
    assert [(s.account_id, s.version) for s in await told(house) if not s.is_liked] == [(str(fan.account_id), 2)]
    with pytest.raises(errors.Forbidden):
        await house.like_playlist(playlist, fan)


async def test_who_may_like(house: House) -> None:
    playlist = playlist_state()
    await house.learn(playlist)
    with pytest.raises(errors.Unauthenticated):
        await house.like_playlist(playlist, ANONYMOUS)
    with pytest.raises(errors.Forbidden):
        await house.like_playlist(playlist, Principal(Kind.CLIENT))
    bad = PlaylistState(id="no id")
    for refused in (house.like_playlist(bad, user()), house.unlike_playlist(bad, user())):
        with pytest.raises(errors.Invalid):
            await refused
