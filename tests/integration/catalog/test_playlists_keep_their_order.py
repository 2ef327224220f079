"""Tracks enter, leave and move; whoever does it at once, one valid order is left and no hole."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from soundstage.catalog.v1 import playlists_pb2 as pb
from soundstage.common.v1.common_pb2 import Ref

from chassis import clock
from chassis.client import call, stream
from chassis.errors import Conflict, Forbidden, Invalid, NotFound
from chassis.ids import new_id
from chassis.principal import SERVICE
from services.catalog.playlists import store
from tests.integration.catalog.shelf import ADMIN, Shelf
from tests.integration.catalog.system import System


async def test_a_playlist_is_made_once_under_a_key(system: System) -> None:
    shelf, owner = Shelf(system), system.user("ann")
    made = await shelf.add(owner, "  My Mix ", description="", idempotency_key="k1")
    assert (made.title, made.slug, made.owner.handle, made.track_count) == ("My Mix", "my-mix", "ann", 0)
    assert not made.HasField("description")
    assert await shelf.add(owner, "  My Mix ", description="", idempotency_key="k1") == made
    with pytest.raises(Invalid) as other:
        await shelf.add(owner, "Another", idempotency_key="k1")
    assert other.value.reason == "IDEMPOTENCY_KEY_REUSED"
    twice = await asyncio.gather(*(shelf.add(owner, "Twin", idempotency_key="k2") for _ in range(4)))
    assert len({p.id for p in twice}) == 1
    assert (await shelf.get(Ref(number=made.number))).id == made.id
    assert sorted(await shelf.list_titles(owner, owner)) == ["My Mix", "Twin"]
    assert [(kind, s.version, s.tenant) for kind, s in await shelf.outbox(made.id)] == [
        ("PlaylistChanged", 1, "public")
    ]


@pytest.mark.parametrize("said", [{"title": " "}, {"title": "x" * 201}, {"description": "y" * 2001}, {"title": "a\nb"}])
async def test_what_a_playlist_cannot_be_called(system: System, said: dict[str, Any]) -> None:
    shelf, owner = Shelf(system), system.user()
    with pytest.raises(Invalid):
        await shelf.add(owner, **said)
    playlist = await shelf.add(owner)
    with pytest.raises(Invalid):
        await shelf.change(playlist, owner, **said)
    with pytest.raises(Invalid):
        await shelf.change(playlist, owner, "is_album")
    assert await shelf.get(playlist) == playlist


async def test_only_named_fields_change(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    playlist = await shelf.add(owner, "Old", description="About")
    after = await shelf.change(playlist, owner, "title", title="New", is_public=False)
    assert (after.title, after.description, after.is_public) == ("New", "About", True)
    cleared = await shelf.change(playlist, owner, "description", "is_public")
    assert (cleared.HasField("description"), cleared.is_public) == (False, False)


async def test_tracks_enter_leave_and_move(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    a, b, c = [await system.release(owner, title=title) for title in "abc"]
    playlist = await shelf.filled(owner, a.id, b.id, c.id)
    assert await shelf.order(playlist) == [(1, "a"), (2, "b"), (3, "c")]
    with pytest.raises(Conflict):
        await shelf.add_track(playlist, owner, a.id)
    for wrong in ([a.id, b.id], [a.id, b.id, b.id], [a.id, b.id, c.id, c.id], [a.id, b.id, str(new_id())]):
        with pytest.raises(Invalid):
            await shelf.reorder(playlist, owner, *wrong)
    assert await shelf.order(playlist) == [(1, "a"), (2, "b"), (3, "c")]
    await shelf.reorder(playlist, owner, c.id, a.id, b.id)
    assert await shelf.order(playlist) == [(1, "c"), (2, "a"), (3, "b")]
    await shelf.remove_track(playlist, owner, a.id)
    assert await shelf.order(playlist) == [(1, "c"), (2, "b")]
    with pytest.raises(NotFound):
        await shelf.remove_track(playlist, owner, a.id)
    with pytest.raises(NotFound):
        await shelf.add_track(playlist, owner, str(new_id()))
    versions = [state.version for _, state in await shelf.outbox(playlist.id)]
    assert versions == list(range(1, len(versions) + 1))


async def test_two_who_reorder_at_once_leave_one_valid_order(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    tracks = [(await system.release(owner, title=title)).id for title in "abcde"]
    playlist = await shelf.filled(owner, *tracks)
    orders = [tracks[i:] + tracks[:i] for i in range(len(tracks))]
    await asyncio.gather(*(shelf.reorder(playlist, owner, *order) for order in orders))
    left = [entry.track_id for entry in (await shelf.get(playlist)).entries]
    assert left in orders
    versions = [state.version for _, state in await shelf.outbox(playlist.id)]
    assert sorted(versions) == list(range(1, 12))


async def test_what_is_added_at_once_stands_once_and_in_some_order(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    tracks = [(await system.release(owner, title=title)).id for title in "abc"]
    playlist = await shelf.add(owner)
    tries = [shelf.add_track(playlist, owner, track) for track in tracks * 2]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    shown = await shelf.get(playlist)
    assert [entry.position for entry in shown.entries] == [1, 2, 3]
    assert {entry.track_id for entry in shown.entries} == set(tracks)


async def test_of_many_changes_at_once_each_is_made_or_told_that_it_was_not(system: System) -> None:
    """Transactions that start over whenever another commits would end in Unavailable."""
    shelf, owner = Shelf(system), system.user()
    tracks = [await system.release(owner, title=f"t{n}") for n in range(3)]
    playlist = await shelf.add(owner)
    people = [owner, *(system.user() for _ in range(3))]
    for one in people[1:]:
        await shelf.let_in(playlist, owner, one, ADMIN)
    changes: list[Awaitable[Any]] = [shelf.change(playlist, people[n % 4], title=f"Mix {n}") for n in range(150)]
    changes += [shelf.add_track(playlist, people[n], track.id) for n, track in enumerate(tracks)]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    refused = [o for o in outcomes if isinstance(o, BaseException)]
    assert all(isinstance(fault, Conflict) for fault in refused), refused
    assert len(refused) < len(outcomes) / 2
    assert len({title for _, title in await shelf.order(playlist, owner)}) == 3


async def test_a_thousand_tracks_are_the_most(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    track = await system.release(owner)
    playlist = await shelf.add(owner)
    others = [(await system.add(owner)).id for _ in range(3)]
    entries = [{"id": new_id(), "track_id": UUID(others[i % 3]), "added_at": clock.utc_now()} for i in range(1000)]
    await system.mongo.collection("playlists").update_one({"number": playlist.number}, {"$set": {"entries": entries}})
    with pytest.raises(Conflict):
        await shelf.add_track(playlist, owner, track.id)
    shown = await shelf.get(playlist, owner)
    assert (len(shown.entries), shown.track_count) == (1000, 3)


async def test_a_deleted_track_leaves_no_hole(system: System) -> None:
    shelf, owner, other = Shelf(system), system.user(), system.user()
    a, b, c = [await system.release(owner, title=title) for title in "abc"]
    playlists = [await shelf.filled(who, a.id, b.id, c.id) for who in (owner, other)]
    await system.remove(b, owner)
    for playlist in playlists:
        assert await shelf.order(playlist) == [(1, "a"), (2, "c")]
        with pytest.raises(NotFound):
            await shelf.remove_track(playlist, owner if playlist is playlists[0] else other, b.id)
    # Before its entries are swept nobody needs to name it, and afterwards they are gone.
    await shelf.reorder(playlists[0], owner, c.id, a.id)
    [removed] = [state for kind, state in await system.outbox(b) if kind == "TrackRemoved"]
    for _ in range(2):
        await system.learn("soundstage.catalog.v1", "TrackRemoved", removed)
    for playlist, expected in zip(playlists, (["c", "a"], ["a", "c"]), strict=True):
        assert await shelf.order(playlist) == list(enumerate(expected, 1))
        [kept] = await store.get_many(system.mongo, [], [playlist.number])
        assert len(kept.entries) == 2


async def test_a_track_removed_while_it_is_added_does_not_stay(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    for _ in range(5):
        track = await system.release(owner)
        playlist = await shelf.add(owner)
        await asyncio.gather(
            shelf.add_track(playlist, owner, track.id), system.remove(track, owner), return_exceptions=True
        )
        [removed] = [state for kind, state in await system.outbox(track) if kind == "TrackRemoved"]
        await system.learn("soundstage.catalog.v1", "TrackRemoved", removed)
        [kept] = await store.get_many(system.mongo, [], [playlist.number])
        assert kept.entries == ()


async def test_hidden_tracks_keep_their_places(system: System) -> None:
    shelf, owner, friend = Shelf(system), system.user(), system.user()
    a, b, c = [await system.release(owner, title=title) for title in "abc"]
    playlist = await shelf.filled(owner, a.id, b.id, c.id)
    await shelf.let_in(playlist, owner, friend, pb.PERMISSION_WRITE)
    await system.change(b, owner, is_public=False)
    assert await shelf.order(playlist, friend) == [(1, "a"), (3, "c")]
    assert (await shelf.get(playlist, friend)).track_count == 2
    with pytest.raises(Forbidden):
        await shelf.add_track(await shelf.add(friend), friend, b.id)
    await shelf.reorder(playlist, friend, c.id, a.id)
    assert await shelf.order(playlist, owner) == [(1, "c"), (2, "b"), (3, "a")]
    with pytest.raises(Invalid):
        await shelf.reorder(playlist, owner, a.id, c.id)


async def test_totals_stand_beside_the_playlist(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    a, b = [await system.release(owner, title=title) for title in "ab"]
    playlist = await shelf.filled(owner, a.id, b.id)
    await system.counted(playlist.id, likes=3, reposts=2, version=2)
    await system.counted(playlist.id, likes=9, version=1)
    await system.counted(a.id, plays=5)
    await system.counted(b.id, plays=6)
    shown = await shelf.get(playlist)
    assert (shown.like_count, shown.repost_count, shown.total_play_count) == (3, 2, 11)
    assert (shown.owner.playlist_count, shown.owner.album_count) == (1, 0)


async def test_a_removed_playlist_is_gone_and_leaves_a_tombstone(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    playlist = await shelf.add(owner, "Gone", description="to be forgotten")
    await shelf.remove(playlist, owner)
    for again in (shelf.get(playlist, owner), shelf.remove(playlist, owner), shelf.change(playlist, owner, title="x")):
        with pytest.raises(NotFound):
            await again
    assert [(kind, s.version, s.is_removed) for kind, s in await shelf.outbox(playlist.id)] == [
        ("PlaylistChanged", 1, False),
        ("PlaylistRemoved", 2, True),
    ]
    assert (await shelf.state(playlist.id)).is_removed
    assert await shelf.list_titles(owner) == []
    [kept] = await store.get_many(system.mongo, [], [playlist.number])
    assert kept.description is None


async def test_export_tells_every_playlist_in_order(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    made = [await shelf.add(owner, title) for title in "abc"]
    await shelf.remove(made[1], owner)
    answer = stream(system.playlists.Export, pb.ExportPlaylistsRequest(), caller=SERVICE)
    states = [state async for batch in answer for state in batch.playlists]
    assert [(state.id, state.is_removed) for state in states] == [(p.id, i == 1) for i, p in enumerate(made)]
    batch = pb.GetPlaylistBatchRequest(ids=[made[2].id, made[1].id, made[0].id, str(new_id())])
    found = (await call(system.playlists.GetBatch, batch, caller=SERVICE)).playlists
    assert [p.id for p in found] == [made[2].id, made[0].id]
    with pytest.raises(Forbidden):
        await call(system.playlists.ListStates, pb.ListPlaylistStatesRequest(), caller=owner)
