"""Search forgives what people type, shows only what everyone may see, and puts the popular before the obscure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.catalog.v1 import search_pb2, tracks_pb2
from soundstage.common.v1.common_pb2 import Page

from chassis.client import call
from chassis.errors import Invalid
from chassis.principal import ANONYMOUS
from services.catalog.listings import tiers
from tests.integration.catalog.system import System


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Zweistromland", "zweistormland"),
        ("Kaleidoscope of tigers", "tigres kaleidoscpoe"),
        ("Yesterday", "yesterdy"),
        ("Où est l'été", "ou est lete"),
        ("Motörhead", "motorhead"),
        ("Smørrebrød", "SMORREBROD"),
        ("Полночный экспресс", "полночный экспрес"),
        ("Ёлка", "елка"),
        ("Ελληνικά Τραγούδια", "ελληνικα τραγουδια"),
        ("真夜中のドライブ", "真夜中"),
        ("真夜中のドライブ", "ドライブ"),
        ("上海之夜", "上海的夜"),
        ("한국 노래", "한국"),
        ("Kaleidoscope of tigers", "kaleido"),
        ("Kaleidoscope of tigers", "of t"),
        ("99 Luftballons", "99"),
        ("Luftballons99 remastered", "luftball"),
        ("Luftballons99 remastered", "luftb rem"),
        ("Don't Stop", "dont stop"),
        ("AC/DC live", "'); DROP TABLE search_tracks; -- ac"),
        ("AC/DC live", "acdc"),
        ("ACDC live", "ac/dc"),
        ("N.W.A", "nwa"),
        ("NWA", "n.w.a."),
        ("Jay-Z", "jayz"),
        ("Jay-Z", "Jay Z"),
        ("Blink-182", "blink182"),
        ("Hip-Hop forever", "hiphop"),
        ("Don't Stop", "don\u00b4t stop"),
        ("Don`t Stop", "dont stop"),
        ("÷", "÷"),
        ("÷ (Deluxe)", "÷"),
        ("???", "???"),
        ("!!!", "!!!"),
        ("\U0001f525\U0001f525", "\U0001f525"),
        ("\u2665\ufe0f", "\u2665"),
        ("Simon & Garfunkel", "simon & garfunkel"),
    ],
)
async def test_search_forgives(system: System, title: str, typed: str) -> None:
    artist = system.user()
    await system.release(artist, title=title, artist="Drop Table Search Tracks")
    await system.release(artist, title="Completely other", artist="Somebody")
    assert await system.find(typed) == [title]


@pytest.mark.parametrize(
    "typed", ["\x00", "!!!", "&", "a & !b", "<->", "\\", "'", ":*", "(", "🎵", "x" * 200, "\u0627" * 99]
)
async def test_odd_queries_find_nothing_and_break_nothing(system: System, typed: str) -> None:
    await system.release(system.user(), title="Song")
    assert await system.find(typed) == []
    assert await system.find_people(typed) == []


async def test_every_word_must_match(system: System) -> None:
    artist = system.user()
    await system.release(artist, title="Blue Moon", artist="Ella")
    await system.release(artist, title="Blue Sky", artist="Joni")
    assert sorted(await system.find("blue")) == ["Blue Moon", "Blue Sky"]
    assert await system.find("blue ella") == ["Blue Moon"]
    assert await system.find("love blue") == []


async def test_the_better_match_is_first(system: System) -> None:
    artist = system.user()
    for title, by in [("Help yourself", "A"), ("Helpp", "B"), ("Other", "Help"), ("Help", "C"), ("Helpless", "D")]:
        await system.release(artist, title=title, artist=by)
    found = await system.find("help")
    assert found[0] == "Help"
    assert found.index("Help yourself") < found.index("Other") < found.index("Helpless")
    assert "Helpp" in found


async def test_the_popular_before_the_obscure(system: System) -> None:
    artist = system.user()
    tracks = [await system.release(artist, title="Same Name", genre=f"g{i}") for i in range(3)]
    await system.counted(tracks[1].id, plays=1000)
    await system.counted(tracks[0].id, plays=10)
    asked = search_pb2.SearchTracksRequest(query="same name", page=Page(limit=20))
    found = (await call(system.search.SearchTracks, asked, caller=ANONYMOUS)).tracks
    assert [track.genre for track in found] == ["g1", "g0", "g2"]


async def test_of_more_than_can_be_ranked_the_played_are(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "MAX_CANDIDATES", 2)
    artist = system.user()
    tracks = [await system.release(artist, title=f"Common {n} word") for n in range(8)]
    await system.release(artist, title="Commonplace")
    await system.release(artist, title="Common")
    await system.counted(tracks[3].id, plays=900)
    await system.counted(tracks[6].id, plays=10)
    # Of each way of matching two: the very title, two with the word, no more of what begins with it.
    assert await system.find("common") == ["Common", "Common 3 word", "Common 6 word"]
    await system.counted(tracks[6].id, plays=0, version=2)
    await system.counted(tracks[1].id, plays=70, version=2)
    assert await system.find("common") == ["Common", "Common 3 word", "Common 1 word"]


async def test_the_order_is_the_same_page_by_page(system: System) -> None:
    artist = system.user()
    for n in range(7):
        track = await system.release(artist, title=f"Paged {n}")
        await system.counted(track.id, plays=n * n)
    whole = await system.find("paged")
    assert len(whole) == 7
    pages = []
    for offset in range(0, 9, 3):
        asked = search_pb2.SearchTracksRequest(query="paged", page=Page(offset=offset, limit=3))
        answer = await call(system.search.SearchTracks, asked, caller=ANONYMOUS)
        assert answer.total == 7
        pages += [track.title for track in answer.tracks]
    assert pages == whole


async def test_filters_hold_together_and_counts_are_of_all(system: System) -> None:
    artist = system.user()
    titles = ["Alpha song", "Beta song", "Gamma song"]
    tracks = [await system.add(artist, filename=f"{t}.wav") for t in titles]
    for track, seconds in zip(tracks, (100, 200, 300), strict=True):
        await system.ready(track, duration_ms=seconds * 1000 + 400)
    await system.change(tracks[1], artist, genre="Düster Été")
    assert await system.find("song", genre="düster ÉTÉ") == ["Beta song"]
    assert await system.find("", min_duration_seconds=200) == ["Gamma song", "Beta song"]
    assert await system.find("song", min_duration_seconds=101, max_duration_seconds=200) == ["Beta song"]
    assert await system.find("song", format="flac") == []
    by_title: dict[str, Any] = {"sort": tracks_pb2.TRACK_SORT_TITLE, "ascending": True}
    assert await system.find("song", limit=2, **by_title) == titles[:2]
    asked = search_pb2.SearchTracksRequest(query="song", page=Page(offset=2, limit=2), **by_title)
    answer = await call(system.search.SearchTracks, asked, caller=ANONYMOUS)
    assert ([t.title for t in answer.tracks], answer.total) == (titles[2:], 3)
    created = tracks[0].created_at.ToDatetime(tzinfo=UTC)
    assert "Alpha song" in await system.find("", created_from=moment(created), created_to=moment(created))
    assert await system.find("", created_to=moment(created - timedelta(seconds=1))) == []
    with pytest.raises(Invalid):
        await system.find("", min_duration_seconds=2, max_duration_seconds=1)


def moment(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


async def test_what_is_not_for_everyone_is_not_found(system: System) -> None:
    artist = system.user()
    hidden = await system.release(artist, title="Quetzalcoatlus")
    waiting = await system.add(artist, filename="Quetzalcoatlus two.mp3")
    assert await system.find("quetzalcoatlus") == ["Quetzalcoatlus"]
    await system.change(hidden, artist, is_public=False)
    assert await system.find("quetzalcoatlus") == []
    await system.change(hidden, artist, is_public=True)
    await system.remove(hidden, artist)
    await system.ready(waiting)
    assert await system.find("quetzalcoatlus") == ["Quetzalcoatlus two"]


@pytest.mark.parametrize("older", ["DELETE FROM track_cards", "UPDATE search_tracks SET version = version + 1"])
async def test_a_row_of_an_older_catalog_shows_nothing(system: System, older: str) -> None:
    """One from before there were documents, and one that such a catalog has changed since: MongoDB says."""
    artist = system.user()
    hidden = await system.release(artist, title="Quetzalcoatlus")
    async with system.database.connection() as conn:
        await conn.execute(older)
    shown = {"title": "Diplodocus"}
    await system.mongo.collection("tracks").update_one({"number": hidden.number}, {"$set": shown})
    assert await system.find("quetzalcoatlus") == ["Diplodocus"]
    assert (await system.get(hidden)).title == "Diplodocus"
    await system.mongo.collection("tracks").update_one({"number": hidden.number}, {"$set": {"is_public": False}})
    assert await system.find("quetzalcoatlus") == []
    assert await system.list_titles() == []


async def test_lists_show_the_public_and_ones_own(system: System) -> None:
    artist, other = system.user(), system.user()
    first = await system.release(artist, title="First", genre="House")
    await system.release(artist, title="Hidden", is_public=False)
    await system.add(artist, filename="Waiting.mp3")
    await system.release(other, title="Ötherwise")
    assert await system.list_titles() == ["Ötherwise", "First"]
    assert await system.list_titles(artist) == ["Ötherwise", "Waiting", "Hidden", "First"]
    assert await system.list_titles(artist, public_only=True) == ["Ötherwise", "First"]
    assert await system.list_titles(other, owner={"number": artist.number}) == ["First"]
    assert await system.list_titles(genre="HOUSE", owner={"id": str(artist.account_id)}) == ["First"]
    assert await system.list_titles(sort=tracks_pb2.TRACK_SORT_TITLE, ascending=True) == ["First", "Ötherwise"]
    await system.counted(first.id, plays=3)
    assert await system.list_titles(sort=tracks_pb2.TRACK_SORT_POPULARITY) == ["First", "Ötherwise"]
    assert await system.list_titles(sort=tracks_pb2.TRACK_SORT_POPULARITY, ascending=True) == ["Ötherwise", "First"]
    assert await system.list_titles(page={"offset": 1, "limit": 1}) == ["First"]
    assert await system.list_titles(page={"offset": -5, "limit": -5}) == ["Ötherwise"]
