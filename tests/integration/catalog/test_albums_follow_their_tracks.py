"""An album is the playlist of its owner's tracks of one title; nobody keeps it but the tracks themselves."""

import asyncio
from typing import Any

import pytest
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1 import playlists_pb2 as pb
from soundstage.common.v1.common_pb2 import Ref

from chassis.errors import Forbidden
from chassis.principal import ANONYMOUS, Principal
from services.catalog.wiring import prepare
from tests.integration.catalog.shelf import READ, Shelf
from tests.integration.catalog.system import System, form


async def albums(system: System) -> list[dict[str, Any]]:
    found = system.mongo.collection("playlists").find({"is_album": True, "is_removed": False}).sort("_id", 1)
    return await found.to_list(None)  # type: ignore[no-any-return]


async def only(system: System, caller: Principal = ANONYMOUS) -> pb.Playlist:
    [album] = await albums(system)
    return await Shelf(system).get(Ref(number=album["number"]), caller)


async def test_tracks_make_an_album_in_order_of_upload(system: System) -> None:
    artist, other = system.user(), system.user()
    b = await system.add(artist, form=form(title="b", album="Nachtmusik "))
    await system.release(artist, title="a", album="NÁCHTMUSIK")
    await system.release(artist, title="single")
    album = await only(system)
    assert (album.title, album.is_album, album.is_public, album.slug) == ("Nachtmusik", True, True, "nachtmusik")
    assert [(entry.position, entry.track.title) for entry in album.entries] == [(2, "a")]
    await system.ready(b)
    assert await Shelf(system).order(album) == [(1, "b"), (2, "a")]
    await system.release(other, title="c", album="Nachtmusik")
    assert len(await albums(system)) == 2


async def test_it_is_public_when_it_has_a_public_completed_track(system: System) -> None:
    shelf, artist = Shelf(system), system.user()
    track = await system.add(artist, form=form(album="LP"))
    album = await only(system, artist)
    assert not album.is_public
    with pytest.raises(Forbidden):
        await only(system)
    await system.ready(track)
    assert (await only(system)).is_public
    await system.change(track, artist, is_public=False)
    assert not (await only(system, artist)).is_public
    assert [kind for kind, _ in await shelf.outbox(album.id)] == ["PlaylistChanged"] * 3


async def test_tracks_leave_and_an_empty_album_is_gone(system: System) -> None:
    shelf, artist = Shelf(system), system.user()
    a, b = [await system.release(artist, title=title, album="LP") for title in "ab"]
    album = await only(system)
    entries = [entry.id for entry in album.entries]
    await system.change(a, artist, album="EP")
    assert await shelf.order(album) == [(1, "b")]
    assert [entry.id for entry in (await shelf.get(album)).entries] == entries[1:]
    assert len(await albums(system)) == 2
    await system.remove(b, artist)
    assert (await shelf.state(album.id)).is_removed
    assert [kind for kind, _ in await shelf.outbox(album.id)][-1] == "PlaylistRemoved"
    again = await system.release(artist, title="c", album="LP")
    assert album.id not in {str(one["_id"]) for one in await albums(system)}
    gone = AccountState(id=str(artist.account_id), number=artist.number or 0, version=2, is_removed=True)
    await system.learn("soundstage.accounts.v1", "AccountRemoved", gone)
    assert (await albums(system), again.album) == ([], "LP")


async def test_nobody_edits_it_by_hand(system: System) -> None:
    shelf, artist, admin, friend = Shelf(system), system.user(), system.user(role="admin"), system.user()
    track, single = await system.release(artist, album="LP"), await system.release(artist)
    album = await only(system)
    for caller in (artist, admin):
        for refused in (
            shelf.change(album, caller, title="Mine"),
            shelf.remove(album, caller),
            shelf.add_track(album, caller, single.id),
            shelf.remove_track(album, caller, track.id),
            shelf.reorder(album, caller, track.id),
            shelf.let_in(album, caller, friend, READ),
        ):
            with pytest.raises(Forbidden):
                await refused
    assert await only(system) == album


async def test_uploads_at_once_make_one_album(system: System) -> None:
    artist = system.user()
    await system.add(artist)
    tracks = await asyncio.gather(*(system.add(artist, form=form(title=t, album="LP")) for t in "abcdefgh"))
    [album] = await albums(system)
    assert [entry["track_id"] for entry in album["entries"]] == sorted(entry["track_id"] for entry in album["entries"])
    assert {str(entry["track_id"]) for entry in album["entries"]} == {track.id for track in tracks}


async def test_counted_on_the_card_and_searched_beside_playlists(system: System) -> None:
    shelf, artist = Shelf(system), system.user()
    await system.release(artist, album="Blue Hour")
    await system.add(artist, form=form(album="Hidden Hour"))
    await shelf.add(artist, "Hour of mine")
    await shelf.tell()
    owner = (await only(system, artist) if len(await albums(system)) == 1 else await _first(system)).owner
    assert (owner.album_count, owner.playlist_count) == (1, 1)
    assert await shelf.list_titles(artist) == ["Hour of mine"]
    assert sorted(await shelf.find("hour", public_only=True)) == ["Blue Hour", "Hour of mine"]
    assert await shelf.find("hour", without_albums=True) == ["Hour of mine"]


async def test_migrate_makes_the_albums_of_older_tracks(system: System) -> None:
    artist = system.user()
    for title in "ab":
        await system.release(artist, title=title, album="LP")
    await system.mongo.collection("playlists").delete_many({})
    await system.mongo.collection("tracks").update_many({}, {"$unset": {"album_key": ""}})
    for _ in range(2):
        await prepare(system.mongo)
    assert await Shelf(system).order(await only(system)) == [(1, "a"), (2, "b")]
    assert (await only(system)).entries[0].position == 1


async def _first(system: System) -> pb.Playlist:
    return await Shelf(system).get(Ref(number=(await albums(system))[0]["number"]))
