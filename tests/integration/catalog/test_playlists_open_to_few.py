"""Who may see a playlist and who may change what of it; links by which anyone may read it for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1 import playlists_pb2 as pb

from chassis import clock
from chassis.client import call
from chassis.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE, Principal
from services.catalog.playlists import links
from tests.integration.catalog.shelf import ADMIN, READ, WRITE, Shelf
from tests.integration.catalog.system import System

Deed = Callable[[Principal], Awaitable[object]]


async def allows(deed: Deed, caller: Principal) -> bool:
    try:
        await deed(caller)
    except (Forbidden, Unauthenticated):
        return False
    return True


async def test_each_permission_holds_what_the_one_below_holds(system: System) -> None:
    shelf, owner, other, admin = Shelf(system), system.user(), system.user(), system.user(role="admin")
    readers = {permission: system.user() for permission in (READ, WRITE, ADMIN)}
    playlist = await shelf.add(owner, is_public=False)
    for permission, reader in readers.items():
        await shelf.let_in(playlist, owner, reader, permission)
    people = (ANONYMOUS, other, *readers.values(), owner, admin)

    async def add_new(caller: Principal) -> None:
        track = await system.release(owner)
        await shelf.add_track(playlist, caller, track.id)

    async def remove_first(caller: Principal) -> None:
        track = await system.release(owner)
        await shelf.add_track(playlist, owner, track.id)
        await shelf.remove_track(playlist, caller, track.id)

    async def reorder(caller: Principal) -> None:
        shown = await shelf.get(playlist, owner)
        await shelf.reorder(playlist, caller, *(entry.track_id for entry in reversed(shown.entries)))

    async def let_in_and_out(caller: Principal) -> None:
        guest = system.user()
        await shelf.let_in(playlist, caller, guest, READ)
        await shelf.permit(playlist, caller, guest, WRITE)
        await shelf.put_out(playlist, caller, guest)

    deeds: list[tuple[Deed, list[bool]]] = [
        (lambda who: shelf.get(playlist, who), [False, False, True, True, True, True, True]),
        (lambda who: shelf.collaborators(playlist, who), [False, False, True, True, True, True, True]),
        (add_new, [False, False, False, True, True, True, True]),
        (remove_first, [False, False, False, True, True, True, True]),
        (reorder, [False, False, False, True, True, True, True]),
        (lambda who: shelf.change(playlist, who, title="T"), [False, False, False, False, True, True, True]),
        (let_in_and_out, [False, False, False, False, True, True, True]),
        (lambda who: shelf.share(playlist, who), [False, False, False, False, True, True, True]),
    ]
    for deed, expected in deeds:
        assert [await allows(deed, who) for who in people] == expected
    assert [await allows(lambda who: shelf.remove(playlist, who), who) for who in people[:-1]] == [False] * 5 + [True]


async def test_a_public_playlist_is_read_by_all_and_changed_by_none(system: System) -> None:
    shelf, owner, other = Shelf(system), system.user(), system.user()
    playlist = await shelf.add(owner)
    assert (await shelf.get(playlist, ANONYMOUS, public_only=True)).id == playlist.id
    for refused in (shelf.change(playlist, other, title="Mine"), shelf.collaborators(playlist, other)):
        with pytest.raises(Forbidden):
            await refused
    await shelf.change(playlist, owner, is_public=False)
    for caller in (owner, SERVICE):
        with pytest.raises(NotFound):
            await shelf.get(playlist, caller, public_only=True)


async def test_another_tenants_playlist_does_not_exist(system: System) -> None:
    shelf, owner, other = Shelf(system), system.user(), system.user(tenant="label", role="admin")
    playlist = await shelf.add(owner, "Ours")
    theirs = await shelf.add(other, "Theirs")
    for caller, hidden in ((other, playlist), (owner, theirs), (ANONYMOUS, theirs)):
        with pytest.raises(NotFound):
            await shelf.get(hidden, caller)
    with pytest.raises(NotFound):
        await shelf.remove(playlist, other)
    assert (await shelf.list_titles(owner), await shelf.list_titles(other)) == (["Ours"], ["Theirs"])
    assert (await shelf.find("ours theirs", other), await shelf.find("theirs", ANONYMOUS)) == ([], [])
    with pytest.raises(NotFound):
        await shelf.let_in(playlist, owner, other, READ)


async def test_collaborators_come_change_and_go(system: System) -> None:
    shelf, owner, ann, bob = Shelf(system), system.user(), system.user(), system.user()
    playlist = await shelf.add(owner, is_public=False)
    for who in (ann, bob):
        await shelf.let_in(playlist, owner, who, READ)
    assert await shelf.collaborators(playlist, ann) == [(str(ann.account_id), READ), (str(bob.account_id), READ)]
    assert list((await shelf.state(playlist.id)).collaborator_ids) == [str(ann.account_id), str(bob.account_id)]
    for who in (ann, owner):
        with pytest.raises(Conflict):
            await shelf.let_in(playlist, owner, who, WRITE)
    for wrong in (0, 9):
        with pytest.raises(Invalid):
            await shelf.permit(playlist, owner, ann, wrong)
    await shelf.put_out(playlist, ann, ann)
    with pytest.raises(Forbidden):
        await shelf.get(playlist, ann)
    stranger = Principal(ann.kind, account_id=new_id())
    for refused in (
        shelf.put_out(playlist, owner, ann),
        shelf.permit(playlist, owner, ann, WRITE),
        shelf.let_in(playlist, owner, stranger, READ),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_a_link_opens_the_playlist_but_no_private_track(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    a, b = await system.release(owner, title="a"), await system.release(owner, title="b", is_public=False)
    playlist = await shelf.filled(owner, b.id, a.id, is_public=False)
    link = await shelf.share(playlist, owner)
    shown = await shelf.shared(link.token)
    assert [(entry.position, entry.track.title) for entry in shown.entries] == [(2, "a")]
    assert (shown.id, shown.track_count, len(link.token)) == (playlist.id, 1, 43)
    assert (
        timedelta(days=29) < link.expires_at.ToDatetime(clock.utc_now().tzinfo) - clock.utc_now() <= timedelta(days=30)
    )
    assert link.token != (await shelf.share(playlist, owner)).token
    for wrong in ("", "x" * 43, link.token[:-1], link.token + "A", "\x00"):
        with pytest.raises(NotFound):
            await shelf.shared(wrong)
    await shelf.remove(playlist, owner)
    with pytest.raises(NotFound):
        await shelf.shared(link.token)


async def test_a_link_expires(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    link = await shelf.share(await shelf.add(owner), owner)
    past = clock.utc_now() - timedelta(seconds=1)
    kept = {"_id": links.digest(link.token)}
    await system.mongo.collection("share_links").update_one(kept, {"$set": {"expires_at": past}})
    with pytest.raises(NotFound):
        await shelf.shared(link.token)


async def test_a_key_gives_the_same_link_and_no_token_is_kept(system: System) -> None:
    shelf, owner, other = Shelf(system), system.user(), system.user()
    playlist, another = await shelf.add(owner), await shelf.add(owner)
    first, *more = await asyncio.gather(*(shelf.share(playlist, owner, "key-1") for _ in range(4)))
    assert all(link == first for link in more)
    assert (await shelf.shared(first.token)).id == playlist.id
    with pytest.raises(Invalid) as reused:
        await shelf.share(another, owner, "key-1")
    assert reused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    with pytest.raises(Forbidden):
        await shelf.share(playlist, other, "key-1")
    for name in ("share_links", "idempotency_keys", "outbox"):
        for document in await system.mongo.collection(name).find().to_list(None):
            assert first.token not in str(document)
            assert first.token.encode() not in bytes(document.get("payload", b""))
            assert "key-1" not in str(document)


async def test_a_removed_account_leaves_no_playlist_and_no_place(system: System) -> None:
    shelf, owner, friend = Shelf(system), system.user(), system.user()
    own = [await shelf.add(friend, title) for title in "ab"]
    joint = await shelf.add(owner, is_public=False)
    await shelf.let_in(joint, owner, friend, WRITE)
    gone = AccountState(id=str(friend.account_id), number=friend.number or 0, version=2, is_removed=True)
    for _ in range(2):
        await system.learn("soundstage.accounts.v1", "AccountRemoved", gone)
    for playlist in own:
        assert [kind for kind, _ in await shelf.outbox(playlist.id)] == ["PlaylistChanged", "PlaylistRemoved"]
    assert await shelf.collaborators(joint, owner) == []
    assert list((await shelf.state(joint.id)).collaborator_ids) == []


async def test_every_call_of_a_person_needs_one(system: System) -> None:
    with pytest.raises(Unauthenticated):
        await call(system.playlists.Recommend, pb.RecommendPlaylistsRequest(), caller=ANONYMOUS)
    with pytest.raises(Forbidden):
        await call(system.playlists.Add, pb.AddPlaylistRequest(title="x"), caller=SERVICE)
