"""A like of a playlist is a state with a version; who may see a playlist is decided by the copy, then by catalog."""

import asyncio

import pytest
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.catalog.v1.playlists_pb2 import PlaylistState

from chassis import errors
from chassis.principal import ANONYMOUS, Kind, Principal
from tests.integration.audience.system import System, account_state, next_of, playlist_state, user

TOLD = ("PlaylistLiked", "PlaylistUnliked")


async def told(system: System) -> list[PlaylistLikeState]:
    return [PlaylistLikeState.FromString(e.payload) for e in await system.outbox() if e.type in TOLD]


async def test_like_unlike_like(system: System) -> None:
    playlist, fan = playlist_state(), user()
    await system.learn(playlist)
    for change in (
        system.like_playlist,
        system.like_playlist,
        system.unlike_playlist,
        system.unlike_playlist,
        system.like_playlist,
    ):
        await change(playlist, fan)
    states = await told(system)
    assert [(s.is_liked, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    whats = {(s.playlist_id, s.account_id, s.owner_id) for s in states}
    assert whats == {(playlist.id, str(fan.account_id), playlist.owner_id)}
    assert states[0].liked_at == states[1].liked_at
    events = await system.outbox()
    assert [e.type for e in events] == ["PlaylistLiked", "PlaylistUnliked", "PlaylistLiked"]
    assert {(e.topic, e.key) for e in events} == {("soundstage.social.v1", playlist.id)}


async def test_many_at_once_are_one_change(system: System) -> None:
    playlist, fan = playlist_state(), user()
    await system.learn(playlist)
    await asyncio.gather(*(system.like_playlist(playlist, fan) for _ in range(20)))
    assert [s.version for s in await told(system)] == [1]


async def test_a_private_one_is_for_its_owner_its_collaborators_and_admins(system: System) -> None:
    owner, friend, admin = user(), user(), user(role="admin")
    circle = [str(user().account_id), str(friend.account_id)]
    playlist = playlist_state(owner_id=str(owner.account_id), is_public=False, collaborator_ids=circle)
    await system.learn(playlist)
    for caller in (owner, friend, admin):
        await system.like_playlist(playlist, caller)
    with pytest.raises(errors.Forbidden):
        await system.like_playlist(playlist, user())
    alone = next_of(playlist)
    alone.ClearField("collaborator_ids")
    await system.learn(alone)
    await system.unlike_playlist(playlist, friend)
    with pytest.raises(errors.Forbidden):
        await system.like_playlist(playlist, friend)
    assert [s.is_liked for s in await told(system)] == [True, True, True, False]


async def test_a_collaborator_that_only_catalog_knows_yet(system: System) -> None:
    friend, playlist = user(), playlist_state(is_public=False)
    await system.learn(playlist)
    system.playlists.states[playlist.id] = shared = next_of(playlist)
    shared.collaborator_ids.append(str(friend.account_id))
    await system.like_playlist(playlist, friend)
    assert system.playlists.asked == [[playlist.id]]


async def test_the_copy_goes_by_version(system: System) -> None:
    playlist = playlist_state(version=3)
    await system.learn(playlist, next_of(playlist, version=2, is_public=False))
    await system.like_playlist(playlist, user())
    await system.learn(next_of(playlist, version=5, is_removed=True), next_of(playlist))
    with pytest.raises(errors.NotFound):
        await system.like_playlist(playlist, user())


async def test_another_tenants_playlist_is_not_there(system: System) -> None:
    foreign = playlist_state(tenant="label")
    await system.learn(foreign)
    for refused in (
        system.like_playlist(foreign, user()),
        system.unlike_playlist(foreign, user(role="admin")),
        system.repost(foreign, user()),
    ):
        with pytest.raises(errors.NotFound):
            await refused


async def test_unknown_playlists_and_catalog_away(system: System) -> None:
    unknown = playlist_state()
    for refused in (system.like_playlist(unknown, user()), system.unlike_playlist(unknown, user())):
        with pytest.raises(errors.NotFound):
            await refused
    system.playlists.is_away = True
    with pytest.raises(errors.Unavailable):
        await system.like_playlist(playlist_state(), user())


async def test_a_removed_playlist_takes_its_likes_along(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 3)
    playlist, other, fans = playlist_state(), playlist_state(), [user() for _ in range(8)]
    await system.learn(playlist, other)
    await asyncio.gather(*(system.like_playlist(p, fan) for fan in fans for p in (playlist, other)))
    removed = next_of(playlist, is_removed=True)
    await system.learn(removed, removed)
    withdrawn = [s for s in await told(system) if not s.is_liked]
    assert sorted(s.account_id for s in withdrawn) == sorted(str(fan.account_id) for fan in fans)
    assert {(s.playlist_id, s.version) for s in withdrawn} == {(playlist.id, 2)}


async def test_a_removed_account_takes_its_likes_along_and_adds_none(system: System) -> None:
    playlist, fan, other = playlist_state(), user(), user()
    await system.learn(playlist)
    await system.like_playlist(playlist, fan)
    await system.like_playlist(playlist, other)
    await system.learn(account_state(fan.user_id, version=2, is_removed=True))
    assert [(s.account_id, s.version) for s in await told(system) if not s.is_liked] == [(str(fan.account_id), 2)]
    with pytest.raises(errors.Forbidden):
        await system.like_playlist(playlist, fan)


async def test_who_may_like(system: System) -> None:
    playlist = playlist_state()
    await system.learn(playlist)
    with pytest.raises(errors.Unauthenticated):
        await system.like_playlist(playlist, ANONYMOUS)
    with pytest.raises(errors.Forbidden):
        await system.like_playlist(playlist, Principal(Kind.CLIENT))
    bad = PlaylistState(id="no id")
    for refused in (system.like_playlist(bad, user()), system.unlike_playlist(bad, user())):
        with pytest.raises(errors.Invalid):
            await refused
