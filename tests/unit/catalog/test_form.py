"""What people and files say of a track, and what its permalink makes of its title."""

import pytest

from chassis.errors import Invalid
from services.catalog.tracks import slug
from services.catalog.tracks.form import Form, changes, checked, merged, title_of


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("My Track.mp3", "My Track"),
        ("a.b.flac", "a.b"),
        ("no ending", "no ending"),
        ("Mr. Smith", "Mr. Smith"),
        ("01. Intro", "01. Intro"),
        ("Vol. 2.MP3", "Vol. 2"),
        ("\u200b\u2060.mp3", "Untitled"),
        ("../../etc/passwd.mp3", "passwd"),
        ("C:\\Users\\me\\song.wav", "song"),
        ("..", "Untitled"),
        (".mp3", "Untitled"),
        ("", "Untitled"),
        ("\x00\x1f.mp3", "Untitled"),
        ("one\ttwo\n.ogg", "one two"),
        ("\u202egnos.mp3", "gnos"),
        ("ночь.m4a", "ночь"),
        ("x" * 300 + ".mp3", "x" * 200),
    ],
)
def test_a_title_from_a_files_name(filename: str, title: str) -> None:
    assert title_of(filename) == title


def test_the_form_wins_then_the_file_then_the_names() -> None:
    said = merged(Form(title="Form"), Form(title="File", artist="\x00", album="A" * 300, year=12), "n.mp3", "joe")
    assert (said.title, said.artist, said.album, said.year) == ("Form", "joe", "A" * 200, None)
    assert (said.is_public, said.tags) == (True, ())


def test_a_files_tags_are_cut_to_what_fits() -> None:
    said = merged(Form(), Form(tags=tuple(f"{n:04}" + "x" * 100 for n in range(100))), "n.mp3", "joe")
    assert said.tags
    assert sum(map(len, said.tags)) + len(said.tags) <= 1000


@pytest.mark.parametrize("title", ["\u200b", "\u2060 \ufeff", "\u00ad\u00a0"])
def test_a_title_of_what_nobody_sees_is_blank(title: str) -> None:
    with pytest.raises(Invalid):
        checked(Form(title=title))
    assert merged(Form(), Form(title=title), "named.mp3", "joe").title == "named"


def test_blank_is_nothing_and_tags_are_distinct() -> None:
    form = checked(Form(album="  ", genre=" House ", tags=(" a", "a", "", "b")))
    assert (form.album, form.genre, form.tags) == (None, "House", ("a", "b"))


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        checked(Form(title="", artist="a\x7f", album="x" * 201, mood="m" * 65, year=10_000, description="d" * 2001))
    assert {fault.field for fault in refused.value.fields} == {
        "title", "artist", "album", "mood", "year", "description",
    }  # fmt: skip


def test_a_change_sets_what_is_named_and_clears_what_is_not_said() -> None:
    assert changes(["genre", "tags", "title"], Form(title="T", album="ignored")) == {
        "genre": None, "tags": (), "title": "T",
    }  # fmt: skip
    for named in (["title"], ["is_public"], ["status"]):
        with pytest.raises(Invalid):
            changes(named, Form())


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("My Track", "my-track"),
        ("Ça va?  Été", "ça-va-été"),
        ("Ночь / Day", "ночь-day"),
        ("東京の夜", "東京の夜"),
        ("हिन्दी", "हिन्दी"),
        ("Don't — Stop!!", "dont-stop"),
        ("?!", "track"),
        ("🎵", "track"),
        ("../..", "track"),
        ("x" * 500, "x" * 80),
    ],
)
def test_slugs(title: str, made: str) -> None:
    assert slug.of(title) == made
