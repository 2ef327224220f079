"""The words that search knows: of what everybody may see, few of each owner, and only while something holds them."""

import itertools
import random

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.common.v1.common_pb2 import Page

from chassis.client import call
from chassis.pages import LAST_ENTRY
from chassis.principal import ANONYMOUS
from services.catalog.words import vocabulary, words
from services.catalog.words.query import MAX_WORDS
from tests.integration.catalog.shelf import Shelf
from tests.integration.catalog.system import System


async def known(system: System) -> set[str]:
    async with system.database.connection() as conn:
        return {row["word"] for row in await conn.fetch("SELECT word FROM known_words")}


async def digests(system: System) -> int:
    async with system.database.connection() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM known_digests"))


async def test_only_what_everybody_may_see_is_known(system: System) -> None:
    shelf, listener = Shelf(system), system.user("listener")
    playlist = await shelf.add(listener, title="Hushedword", is_public=False, description="describedword")
    await system.add(listener, form=tracks_pb2.TrackForm(title="Unfinishedword"))
    assert await known(system) == {"listener"}
    await shelf.change(playlist, listener, is_public=True)
    assert await known(system) == {"listener", "hushedword"}
    await system.release(listener, title="Finishedword", artist="Somebody")
    assert await known(system) == {"listener", "hushedword", "finishedword", "somebody"}


async def test_an_owner_has_a_bounded_number_of_new_words_a_day(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "MAX_NEW", 5)
    owner, other = system.user("owner"), system.user("other")
    await system.release(owner, title="aaaa bbbb cccc dddd eeee ffff gggg", artist="owner")
    assert len(await known(system)) == 5
    await system.release(owner, title="hhhh", artist="owner")
    assert len(await known(system)) == 5
    # It is found all the same, by its beginning too; but not mistyped.
    assert await system.find("hhh") == ["hhhh"]
    assert await system.find("hhhx") == []
    await system.release(other, title="iiii", artist="other")
    assert await known(system) >= {"iiii", "other"}
    # An operator's rebuild learns them all.
    await system.parts.listings.rebuild()
    assert len(await known(system)) == 11


async def test_what_nothing_holds_any_more_is_forgotten(system: System) -> None:
    artist = system.user("artist")
    first = await system.release(artist, title="Passingword", artist="artist")
    await system.release(artist, title="Stayingword", artist="artist")
    await system.change(first, artist, title="Changedword")
    await system.parts.listings.forget_unused_words()
    left = {"artist", "stayingword", "changedword"}
    assert await known(system) == left
    assert await digests(system) == sum(len(words.near(word)) for word in left)
    await system.remove(first, artist)
    await system.parts.listings.forget_unused_words()
    assert await known(system) == {"artist", "stayingword"}
    await system.release(artist, title="Passingword", artist="artist")
    assert await system.find("passnigword") == ["Passingword"]


async def test_a_turn_looks_for_those_that_waited_longest(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "CHECKED", 1)
    artist = system.user("artist")
    track = await system.release(artist, title="aaaa bbbb cccc", artist="artist")
    await system.remove(track, artist)
    for _ in range(4):
        await system.parts.listings.forget_unused_words()
    assert await known(system) == {"artist"}


async def test_planted_words_cost_a_search_little(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of words near those of a query of twelve: what is compared is bounded, and the true one still found."""
    letters = random.Random(12)
    asked = ["".join(letters.choices("abcdefgh", k=24)) for _ in range(MAX_WORDS)]
    pairs = itertools.product(range(5, 24), "ijklmnopqrstuvwxyz")
    planted = [word[:at] + new + word[at + 1 :] for at, new in pairs for word in asked]
    async with system.database.transaction() as conn:
        owner = system.user().account_id
        assert owner
        await vocabulary.add(conn, [(owner, planted)], is_rebuild=True)
    await system.release(system.user(), title=asked[0], artist="artist")
    compared = 0
    slips = words.slips

    def counting(word: str, other: str) -> int | None:
        nonlocal compared
        compared += 1
        return slips(word, other)

    monkeypatch.setattr(words, "slips", counting)
    assert await system.find(" ".join(asked)[:299]) == []
    assert 0 < compared <= vocabulary.MAX_COMPARED
    assert await system.find(asked[0][:-1] + "z") == [asked[0]]


async def test_a_page_behind_the_last_entry_is_empty_and_the_total_right(system: System) -> None:
    await system.release(system.user(), title="One")
    request = tracks_pb2.ListTracksRequest(page=Page(offset=LAST_ENTRY, limit=20))
    answer = await call(system.tracks.List, request, caller=ANONYMOUS)
    assert (list(answer.tracks), answer.total) == ([], 1)
