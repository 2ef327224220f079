"""How search reads text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.words import words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Beyoncé — Déjà  Vu", "beyonce — deja vu"),
        ("STRASSE straße", "strasse strasse"),
        ("Ёлка", "елка"),
        ("Ødegård Æther Łódź", "odegard aether lodz"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("\U0001d573\U0001d58a\U0001d591\U0001d591\U0001d594 \ufb01ne \uff21", "hello fine a"),
    ],
)
def test_folding_takes_case_and_accents(text: str, folded: str) -> None:
    assert words.fold(text) == folded


def test_marks_that_make_another_letter_stay() -> None:
    assert words.fold("ガ") != words.fold("カ")
    assert words.fold("हिन्दी") != words.fold("हन्द")


def test_unspaced_scripts_are_runs_of_letters() -> None:
    assert words.split("東京の夜 feat. Ado") == [["東", "京", "の", "夜"], ["feat"], ["ado"]]
    assert words.split("Don't stop, R2-D2!") == [["dont"], ["stop"], ["r2"], ["d2"]]
    assert words.split("…") == []


@pytest.mark.parametrize(
    ("text", "joined"),
    [("AC/DC", "acdc"), ("N.W.A.", "nwa"), ("Jay-Z", "jayz"), ("blink-182", "blink182"), ("hip\u2010hop", "hiphop")],
)
def test_initials_and_compounds_are_one_word_too(text: str, joined: str) -> None:
    assert [token.joined for token in words.tokens(text)] == [joined]
    assert f"'{joined}':" in words.vector((text, "A"))


def test_what_stands_apart_is_not_joined() -> None:
    assert [token.joined for token in words.tokens("Rock - Pop, Mr. Smith 東京-tower")] == [""] * 5
    assert words.split("東京-tower") == [["東", "京"], ["tower"]]


def test_symbols_are_words_where_they_stand_alone() -> None:
    assert words.symbols("÷ (Deluxe) ??? Simon & Garfunkel!") == ["÷", "???", "&"]
    assert words.symbols("\u2665\ufe0f") == ["\u2665"]
    assert words.vector(("' \\", "A")) == r"'''':1A '\\':1A"


@pytest.mark.parametrize("mark", "'\u2018\u2019\u02bc\u00b4`")
def test_apostrophes_are_within_words(mark: str) -> None:
    assert words.split(f"Don{mark}t") == [["dont"]]


@pytest.mark.parametrize(
    ("typed", "meant", "slips"),
    [
        ("love", "lave", 1),
        ("love", "dove", None),
        ("helo", "hello", 1),
        ("beatls", "beatles", 1),
        ("betls", "beatles", None),
        ("kaliedoscop", "kaleidoscope", 2),
        ("rainbows", "trainbow", 2),
        ("same", "same", 0),
        ("teh rest", "the rest", 1),
    ],
)
def test_slips_forgiven_grow_with_the_word(typed: str, meant: str, slips: int | None) -> None:
    assert words.slips(typed, meant) == slips


LETTERS = st.text(alphabet="abcdeёж", min_size=4, max_size=12)


@given(LETTERS, LETTERS)
def test_whatever_is_near_is_found_by_what_is_left(typed: str, meant: str) -> None:
    if words.slips(typed, meant) is not None:
        assert set(words.near(typed)) & set(words.near(meant))


@given(LETTERS, st.data())
def test_one_slip_is_found(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(word) - 1))
    typed = word[:place] + word[place + 1 :] if len(word) > 4 else word[:place] + "z" + word[place + 1 :]
    assert words.slips(typed, word) is not None or len(typed) < 4
    assert set(words.near(typed)) & set(words.near(word))


@given(st.text(alphabet="abcdefgh", min_size=4, max_size=24))
def test_a_word_has_few_digests(word: str) -> None:
    assert len(words.near(word)) <= 16


def test_words_with_digits_are_known_but_no_slip_in_them_is_forgiven() -> None:
    assert words.vocabulary("Luftballons99 abc 東京 2020") == {"luftballons99", "2020"}
    assert words.near("luftballons99") == [words.digest("luftballons99")]
    assert not words.may_err("luftballons99")
