"""Playlists listed, searched and recommended; people and tags as listeners look for them."""

import asyncio

import pytest
from soundstage.catalog.v1 import people_pb2, search_pb2, tracks_pb2
from soundstage.common.v1.common_pb2 import Page, Ref
from soundstage.marketplace.v1.events_pb2 import ProductChanged

from chassis.client import call
from chassis.errors import NotFound, Unavailable
from chassis.principal import ANONYMOUS, SERVICE
from tests.integration.catalog.shelf import READ, Shelf
from tests.integration.catalog.system import System


async def sell(system: System, track: tracks_pb2.Track) -> None:
    change = ProductChanged(track_id=track.id, is_sold=True, version=1)
    await system.learn("soundstage.market.v1", "ProductChanged", change)


async def test_private_ones_are_listed_for_owner_and_collaborators(system: System) -> None:
    shelf, owner, friend, other = Shelf(system), system.user(), system.user(), system.user()
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


async def test_search_forgives_and_ranks(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
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


async def test_recommendations(system: System) -> None:
    shelf, me, artist, other = Shelf(system), system.user(), system.user(), system.user()
    shared, by_artist = [await system.release(artist, title=title) for title in ("shared", "by artist")]
    foreign, hidden = await system.release(other), await system.release(other, is_public=False)
    await shelf.filled(other, shared.id, title="Shares a track")
    await shelf.filled(other, by_artist.id, title="Shares an artist")
    popular = await shelf.filled(other, foreign.id, title="Popular")
    await shelf.filled(other, foreign.id, title="Obscure")
    await shelf.add(other, "Empty")
    await shelf.filled(other, hidden.id, title="Nothing to hear")
    await shelf.filled(other, foreign.id, title="Private", is_public=False)
    await system.counted(popular.id, likes=5)
    assert (await shelf.recommend(me))[0] == "Popular"
    assert set(await shelf.recommend(me)) == {"Popular", "Obscure", "Shares a track", "Shares an artist"}
    await shelf.filled(me, shared.id, title="Mine")
    assert await shelf.recommend(me) == ["Shares an artist", "Shares a track", "Popular", "Obscure"]
    assert await shelf.recommend(me, 2) == ["Shares an artist", "Shares a track"]


async def test_only_what_may_be_downloaded(system: System) -> None:
    shelf, giver, seller = Shelf(system), system.user("hourgiver"), system.user("hourseller")
    free, sold = await system.release(giver, title="Hour free"), await system.release(seller, title="Hour sold")
    await sell(system, sold)
    await shelf.filled(giver, free.id, sold.id, title="Hour mixed")
    await shelf.filled(giver, sold.id, title="Hour sold only")
    assert await system.find("hour", only_downloadable=True) == ["Hour free"]
    assert await shelf.find("hour", only_downloadable=True) == ["Hour mixed"]
    request = search_pb2.SearchPeopleRequest(query="hour", only_downloadable=True)
    answer = await call(system.search.SearchPeople, request, caller=ANONYMOUS)
    assert ([p.handle for p in answer.people], answer.total) == (["hourgiver"], 1)


async def test_rebuild_brings_playlists_back(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    gone = await shelf.add(owner, "Gone")
    await shelf.filled(owner, (await system.release(owner)).id, title="Kept")
    await shelf.remove(gone, owner)
    async with system.database.connection() as conn:
        await conn.execute("DELETE FROM search_playlists")
    assert await shelf.list_titles(owner) == []
    await system.parts.listings.rebuild()
    assert (await shelf.list_titles(owner), await shelf.find("kept")) == (["Kept"], ["Kept"])


async def test_a_row_that_postgres_missed_comes_with_the_event(system: System) -> None:
    shelf, owner = Shelf(system), system.user()
    await shelf.add(owner, "Late")
    async with system.database.connection() as conn:
        await conn.execute("DELETE FROM search_playlists")
    await shelf.tell()
    assert await shelf.list_titles() == ["Late"]


async def test_people_by_handle(system: System) -> None:
    system.user("Ann_Lee")

    async def named(handle: str) -> str:
        answer = await call(
            system.people.GetByHandle, people_pb2.GetPersonByHandleRequest(handle=handle), caller=SERVICE
        )
        return str(answer.person.handle)

    assert [await named(handle) for handle in ("ann_lee", "ANN_LEE", "Ann_Lee")] == ["Ann_Lee"] * 3
    assert len(system.auth.asked) == 2
    for unknown in ("nobody", "ánn_lee", "", "a/b", "x" * 2000, "\U0001f3b5"):
        with pytest.raises(NotFound):
            await named(unknown)
    system.user("tenant_only", tenant="label")
    asked = len(system.auth.asked)
    outcomes = await asyncio.gather(*(named("nobody") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, NotFound) for outcome in outcomes)
    assert len(system.auth.asked) <= asked + 1
    system.auth.is_away = True
    with pytest.raises(Unavailable):
        await named("never_seen")
    assert await named("ann_lee") == "Ann_Lee"


async def test_the_most_followed_who_have_something_to_hear(system: System) -> None:
    first, second, third, silent = [system.user() for _ in range(4)]
    for artist in (first, second, third):
        await system.release(artist)
    await system.release(silent, is_public=False)
    await system.counted(third.account_id or "", followers=7)
    await system.counted(silent.account_id or "", followers=9)
    answer = await call(system.people.ListTop, people_pb2.ListTopPeopleRequest(page=Page(limit=2)), caller=ANONYMOUS)
    assert [(p.id, p.follower_count) for p in answer.people] == [(str(third.account_id), 7), (str(first.account_id), 0)]
    rest = people_pb2.ListTopPeopleRequest(page=Page(offset=2, limit=2))
    assert [p.id for p in (await call(system.people.ListTop, rest, caller=ANONYMOUS)).people] == [
        str(second.account_id)
    ]


async def test_tags_most_used_first(system: System) -> None:
    artist = system.user()
    for tags in (["dub", "rare"], ["dub", "slow"], ["slow", "dub"]):
        await system.release(artist, tags=tags)
    await system.release(artist, tags=["secret"], is_public=False)
    for ref in (Ref(id=str(artist.account_id)), Ref(number=artist.number or 0)):
        request = tracks_pb2.ListTrackTagsRequest(owner=ref)
        assert list((await call(system.tracks.ListTags, request, caller=ANONYMOUS)).tags) == ["dub", "slow", "rare"]
    with pytest.raises(NotFound):
        request = tracks_pb2.ListTrackTagsRequest(owner=Ref(number=10**9))
        await call(system.tracks.ListTags, request, caller=ANONYMOUS)
