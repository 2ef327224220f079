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
    ("a", "b", "slips"),
    [("teh", "the", 1), ("kitten", "sitting", 3), ("", "abc", 3), ("same", "same", 0), ("ca", "abc", 3)],
)
def test_distance_counts_slips(a: str, b: str, slips: int) -> None:
    assert words.distance(a, b) == words.distance(b, a) == slips


@pytest.mark.parametrize(
    ("typed", "meant", "is_near"),
    [
        ("love", "lave", True),
        ("love", "dove", False),
        ("helo", "hello", True),
        ("beatls", "beatles", True),
        ("betls", "beatles", False),
        ("kaliedoscop", "kaleidoscope", True),
        ("rainbows", "trainbow", True),
    ],
)
def test_slips_forgiven_grow_with_the_word(typed: str, meant: str, is_near: bool) -> None:
    assert words.is_near(typed, meant) is is_near


LETTERS = st.text(alphabet="abcdeёж", min_size=4, max_size=12)


@given(LETTERS, LETTERS)
def test_whatever_is_near_is_found_by_what_is_left(typed: str, meant: str) -> None:
    if words.is_near(typed, meant):
        assert set(words.near(typed)) & set(words.near(meant))


@given(LETTERS, st.data())
def test_one_slip_is_found(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(word) - 1))
    typed = word[:place] + word[place + 1 :] if len(word) > 4 else word[:place] + "z" + word[place + 1 :]
    assert words.is_near(typed, word) or len(typed) < 4
    assert set(words.near(typed)) & set(words.near(word))


@given(st.text(max_size=60))
def test_no_text_makes_a_malformed_query(text: str) -> None:
    """Whatever is in a word, nothing but letters and marks stands between the quotes."""
    query = words.Query(text)
    for sent in (words.vector((text, "A")), query.exact, query.prefixed, query.forgiving([])) if query.runs else ():
        inside = sent.split("'")[1::2]
        assert inside
        assert all(not word.isspace() and "\\" not in word and "\x00" not in word for word in inside)


def test_one_letter_is_a_beginning_only_at_the_end() -> None:
    assert words.Query("a song").prefixed == "(('a') & 'song':*)"
    assert words.Query("song a").prefixed == "('song':* & 'a':*)"


def test_a_beginning_stands_for_the_words_that_it_is_known_to_begin() -> None:
    query = words.Query("kaleido of t")
    assert query.may_begin == ["kaleido"]
    known = {"kaleido": ["kaleidoscopes", "kaleidoscope"]}
    assert query.begun(known) == "(('kaleido' | 'kaleidoscope' | 'kaleidoscopes') & 'of':* & 't':*)"
    assert query.begun({"kaleido": []}) == "(('kaleido') & 'of':* & 't':*)"
    assert query.begun({}) == query.prefixed
    assert "'colloido'" not in query.forgiving(["colloido"], known)
    assert query.forgiving(["kaleidx"], known).startswith(
        "((('kaleido' | 'kaleidoscope' | 'kaleidoscopes') | 'kaleidx') &"
    )


def test_words_with_digits_are_known_but_no_slip_in_them_is_forgiven() -> None:
    assert words.vocabulary("Luftballons99 abc 東京 2020") == {"luftballons99", "2020"}
    assert words.near("luftballons99") == [words.digest("luftballons99")]
    assert words.Query("luftballons99").may_err == []
