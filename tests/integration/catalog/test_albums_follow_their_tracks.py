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
from tests.integration.catalog.house import House, form
from tests.integration.catalog.shelf import READ, Shelf


async def albums(house: House) -> list[dict[str, Any]]:
    found = house.mongo.collection("playlists").find({"is_album": True, "is_removed": False}).sort("_id", 1)
    return await found.to_list(None)  # type: ignore[no-any-return]


async def only(house: House, caller: Principal = ANONYMOUS) -> pb.Playlist:
    [album] = await albums(house)
    return await Shelf(house).get(Ref(number=album["number"]), caller)


async def test_tracks_make_an_album_in_order_of_upload(house: House) -> None:
    artist, other = house.user(), house.user()
    b = await house.add(artist, form=form(title="b", album="Nachtmusik "))
    await house.release(artist, title="a", album="NÁCHTMUSIK")
    await house.release(artist, title="single")
    album = await only(house)
    assert (album.title, album.is_album, album.is_public, album.slug) == ("Nachtmusik", True, True, "nachtmusik")
    assert [(entry.position, entry.track.title) for entry in album.entries] == [(2, "a")]
    await house.ready(b)
    assert await Shelf(house).order(album) == [(1, "b"), (2, "a")]
    await house.release(other, title="c", album="Nachtmusik")
    assert len(await albums(house)) == 2


async def test_it_is_public_when_it_has_a_public_completed_track(house: House) -> None:
    shelf, artist = Shelf(house), house.user()
    track = await house.add(artist, form=form(album="LP"))
    album = await only(house, artist)
    assert not album.is_public
    with pytest.raises(Forbidden):
        await only(house)
    await house.ready(track)
    assert (await only(house)).is_public
    await house.change(track, artist, is_public=False)
    assert not (await only(house, artist)).is_public
    assert [kind for kind, _ in await shelf.outbox(album.id)] == ["PlaylistChanged"] * 3


async def test_tracks_leave_and_an_empty_album_is_gone(house: House) -> None:
    shelf, artist = Shelf(house), house.user()
    a, b = [await house.release(artist, title=title, album="LP") for title in "ab"]
    album = await only(house)
    entries = [entry.id for entry in album.entries]
    await house.change(a, artist, album="EP")
    assert await shelf.order(album) == [(1, "b")]
    assert [entry.id for entry in (await shelf.get(album)).entries] == entries[1:]
    assert len(await albums(house)) == 2
    await house.remove(b, artist)
    assert (await shelf.state(album.id)).is_removed
    assert [kind for kind, _ in await shelf.outbox(album.id)][-1] == "PlaylistRemoved"
    again = await house.release(artist, title="c", album="LP")
    assert album.id not in {str(one["_id"]) for one in await albums(house)}
    gone = AccountState(id=str(artist.account_id), number=artist.number or 0, version=2, is_removed=True)
    await house.learn("soundstage.accounts.v1", "AccountRemoved", gone)
    assert (await albums(house), again.album) == ([], "LP")


async def test_nobody_edits_it_by_hand(house: House) -> None:
    shelf, artist, admin, friend = Shelf(house), house.user(), house.user(role="admin"), house.user()
    track, single = await house.release(artist, album="LP"), await house.release(artist)
    album = await only(house)
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
    assert await only(house) == album


async def test_uploads_at_once_make_one_album(house: House) -> None:
    artist = house.user()
    await house.add(artist)
    tracks = await asyncio.gather(*(house.add(artist, form=form(title=t, album="LP")) for t in "abcdefgh"))
    [album] = await albums(house)
    assert [entry["track_id"] for entry in album["entries"]] == sorted(entry["track_id"] for entry in album["entries"])
    assert {str(entry["track_id"]) for entry in album["entries"]} == {track.id for track in tracks}


async def test_counted_on_the_card_and_searched_beside_playlists(house: House) -> None:
    shelf, artist = Shelf(house), house.user()
    await house.release(artist, album="Blue Hour")
    await house.add(artist, form=form(album="Hidden Hour"))
    await shelf.add(artist, "Hour of mine")
    await shelf.tell()
    owner = (await only(house, artist) if len(await albums(house)) == 1 else await _first(house)).owner
    assert (owner.album_count, owner.playlist_count) == (1, 1)
    assert await shelf.list_titles(artist) == ["Hour of mine"]
    assert sorted(await shelf.find("hour", public_only=True)) == ["Blue Hour", "Hour of mine"]
    assert await shelf.find("hour", without_albums=True) == ["Hour of mine"]


async def test_migrate_makes_the_albums_of_older_tracks(house: House) -> None:
    artist = house.user()
    for title in "ab":
        await house.release(artist, title=title, album="LP")
    await house.mongo.collection("playlists").delete_many({})
    await house.mongo.collection("tracks").update_many({}, {"$unset": {"album_key": ""}})
    for _ in range(2):
        await prepare(house.mongo)
    assert await Shelf(house).order(await only(house)) == [(1, "a"), (2, "b")]
    assert (await only(house)).entries[0].position == 1


async def _first(house: House) -> pb.Playlist:
    return await Shelf(house).get(Ref(number=(await albums(house))[0]["number"]))
