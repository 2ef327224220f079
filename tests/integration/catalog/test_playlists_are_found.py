"""Playlists listed, searched and recommended; people and tags as listeners look for them."""

import asyncio

import pytest
from soundstage.catalog.v1 import people_pb2, search_pb2, tracks_pb2
from soundstage.common.v1.common_pb2 import Page, Ref
from soundstage.marketplace.v1.events_pb2 import ProductChanged

from chassis.client import call
from chassis.errors import NotFound, Unavailable
from chassis.principal import ANONYMOUS, SERVICE
from tests.integration.catalog.house import House
from tests.integration.catalog.shelf import READ, Shelf


async def sell(house: House, track: tracks_pb2.Track) -> None:
    change = ProductChanged(track_id=track.id, is_sold=True, version=1)
    await house.learn("soundstage.market.v1", "ProductChanged", change)


async def test_private_ones_are_listed_for_owner_and_collaborators(house: House) -> None:
    shelf, owner, friend, other = Shelf(house), house.user(), house.user(), house.user()
    await shelf.add(owner, "Open")
    secret = await shelf.add(owner, "Secret", is_public=False)
    await shelf.add(other, "Elsewhere")
    await shelf.let_in(secret, owner, friend, READ)
    assert await shelf.list_titles() == ["Elsewhere", "Open"]
    for caller in (owner, friend):
        assert await shelf.list_titles(caller) == ["Elsewhere", "Secret", "Open"]
        assert await shelf.list_titles(caller, owner) == ["Secret", "Open"]
        assert await shelf.find("", caller, is_public=False) == ["Secret"]
        assert await shelf.find("secret", caller, public_only=True) == []
    assert await shelf.list_titles(other, owner) == ["Open"]
    assert await shelf.find("secret", other) == []
    await shelf.put_out(secret, friend, friend)
    assert await shelf.find("secret", friend) == []
    await shelf.remove(secret, owner)
    assert await shelf.find("secret", owner) == []


async def test_search_forgives_and_ranks(house: House) -> None:
    shelf, owner = Shelf(house), house.user()
    await shelf.add(owner, "Autumn evenings", description="for long drives")
    liked = await shelf.add(owner, "Long drives")
    await shelf.add(owner, "Long drives again")
    assert (await shelf.find("long drives"))[0] == "Long drives"
    assert (await shelf.find("lnog dirves"))[-1] == "Autumn evenings"
    assert await shelf.find("autum") == ["Autumn evenings"]
    assert await shelf.find("***") == []
    assert await shelf.find("") == ["Long drives again", "Long drives", "Autumn evenings"]
    await shelf.change(liked, owner, title="Short walks")
    assert await shelf.find("short") == ["Short walks"]
    assert len(await shelf.find("long drives")) == 2


async def test_recommendations(house: House) -> None:
    shelf, me, artist, other = Shelf(house), house.user(), house.user(), house.user()
    shared, by_artist = [await house.release(artist, title=title) for title in ("shared", "by artist")]
    foreign, hidden = await house.release(other), await house.release(other, is_public=False)
    await shelf.filled(other, shared.id, title="Shares a track")
    await shelf.filled(other, by_artist.id, title="Shares an artist")
    popular = await shelf.filled(other, foreign.id, title="Popular")
    await shelf.filled(other, foreign.id, title="Obscure")
    await shelf.add(other, "Empty")
    await shelf.filled(other, hidden.id, title="Nothing to hear")
    await shelf.filled(other, foreign.id, title="Private", is_public=False)
    await house.counted(popular.id, likes=5)
    assert (await shelf.recommend(me))[0] == "Popular"
    assert set(await shelf.recommend(me)) == {"Popular", "Obscure", "Shares a track", "Shares an artist"}
    await shelf.filled(me, shared.id, title="Mine")
    assert await shelf.recommend(me) == ["Shares an artist", "Shares a track", "Popular", "Obscure"]
    assert await shelf.recommend(me, 2) == ["Shares an artist", "Shares a track"]


async def test_only_what_may_be_downloaded(house: House) -> None:
    shelf, giver, seller = Shelf(house), house.user("hourgiver"), house.user("hourseller")
    free, sold = await house.release(giver, title="Hour free"), await house.release(seller, title="Hour sold")
    await sell(house, sold)
    await shelf.filled(giver, free.id, sold.id, title="Hour mixed")
    await shelf.filled(giver, sold.id, title="Hour sold only")
    assert await house.find("hour", only_downloadable=True) == ["Hour free"]
    assert await shelf.find("hour", only_downloadable=True) == ["Hour mixed"]
    request = search_pb2.SearchPeopleRequest(query="hour", only_downloadable=True)
    answer = await call(house.search.SearchPeople, request, caller=ANONYMOUS)
    assert ([p.handle for p in answer.people], answer.total) == (["hourgiver"], 1)


async def test_rebuild_brings_playlists_back(house: House) -> None:
    shelf, owner = Shelf(house), house.user()
    gone = await shelf.add(owner, "Gone")
    await shelf.filled(owner, (await house.release(owner)).id, title="Kept")
    await shelf.remove(gone, owner)
    async with house.database.connection() as conn:
        await conn.execute("DELETE FROM search_playlists")
    assert await shelf.list_titles(owner) == []
    await house.parts.listings.rebuild()
    assert (await shelf.list_titles(owner), await shelf.find("kept")) == (["Kept"], ["Kept"])


async def test_a_row_that_postgres_missed_comes_with_the_event(house: House) -> None:
    shelf, owner = Shelf(house), house.user()
    await shelf.add(owner, "Late")
    async with house.database.connection() as conn:
        await conn.execute("DELETE FROM search_playlists")
    await shelf.tell()
    assert await shelf.list_titles() == ["Late"]


async def test_people_by_handle(house: House) -> None:
    house.user("Ann_Lee")

    async def named(handle: str) -> str:
        answer = await call(
            house.people.GetByHandle, people_pb2.GetPersonByHandleRequest(handle=handle), caller=SERVICE
        )
        return str(answer.person.handle)

    assert [await named(handle) for handle in ("ann_lee", "ANN_LEE", "Ann_Lee")] == ["Ann_Lee"] * 3
    assert len(house.auth.asked) == 2
    for unknown in ("nobody", "ánn_lee", "", "a/b", "x" * 2000, "\U0001f3b5"):
        with pytest.raises(NotFound):
            await named(unknown)
    house.user("tenant_only", tenant="label")
    asked = len(house.auth.asked)
    outcomes = await asyncio.gather(*(named("nobody") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, NotFound) for outcome in outcomes)
    assert len(house.auth.asked) <= asked + 1
    house.auth.is_away = True
    with pytest.raises(Unavailable):
        await named("never_seen")
    assert await named("ann_lee") == "Ann_Lee"


async def test_the_most_followed_who_have_something_to_hear(house: House) -> None:
    first, second, third, silent = [house.user() for _ in range(4)]
    for artist in (first, second, third):
        await house.release(artist)
    await house.release(silent, is_public=False)
    await house.counted(third.account_id or "", followers=7)
    await house.counted(silent.account_id or "", followers=9)
    answer = await call(house.people.ListTop, people_pb2.ListTopPeopleRequest(page=Page(limit=2)), caller=ANONYMOUS)
    assert [(p.id, p.follower_count) for p in answer.people] == [(str(third.account_id), 7), (str(first.account_id), 0)]
    rest = people_pb2.ListTopPeopleRequest(page=Page(offset=2, limit=2))
    assert [p.id for p in (await call(house.people.ListTop, rest, caller=ANONYMOUS)).people] == [str(second.account_id)]


async def test_tags_most_used_first(house: House) -> None:
    artist = house.user()
    for tags in (["dub", "rare"], ["dub", "slow"], ["slow", "dub"]):
        await house.release(artist, tags=tags)
    await house.release(artist, tags=["secret"], is_public=False)
    for ref in (Ref(id=str(artist.account_id)), Ref(number=artist.number or 0)):
        request = tracks_pb2.ListTrackTagsRequest(owner=ref)
        assert list((await call(house.tracks.ListTags, request, caller=ANONYMOUS)).tags) == ["dub", "slow", "rare"]
    with pytest.raises(NotFound):
        request = tracks_pb2.ListTrackTagsRequest(owner=Ref(number=10**9))
        await call(house.tracks.ListTags, request, caller=ANONYMOUS)
