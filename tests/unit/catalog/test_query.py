"""Searches as tsqueries."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.words import words
from services.catalog.words.query import MAX_FORGIVEN_RUN, MAX_WORDS, Query


@given(st.text(max_size=60))
def test_no_text_makes_a_malformed_query(text: str) -> None:
    """Whatever is in a word stays between its quotes."""
    query = Query(text)
    asked = () if query.is_empty else (query.exact, query.prefixed, query.forgiving({}))
    for sent in (words.vector((text, "A")), *asked):
        outside = re.sub(r"'(?:[^'\\]|''|\\.)*'", "", sent, flags=re.DOTALL)
        assert re.fullmatch(r"[ ():*&|<>0-9A-D-]*|[ 0-9A-D:]*", outside), sent
        assert "\x00" not in sent


def test_one_letter_is_a_beginning_only_at_the_end() -> None:
    assert Query("a song").prefixed == "(('a') & 'song':*)"
    assert Query("song a").prefixed == "('song':* & 'a':*)"


def test_a_beginning_stands_for_the_words_that_it_is_known_to_begin() -> None:
    query = Query("kaleido of t")
    assert query.may_begin == ["kaleido"]
    known = {"kaleido": ["kaleidoscopes", "kaleidoscope"]}
    assert query.begun(known) == "(('kaleido' | 'kaleidoscope' | 'kaleidoscopes') & 'of':* & 't':*)"
    assert query.begun({"kaleido": []}) == "(('kaleido') & 'of':* & 't':*)"
    assert query.begun({}) == query.prefixed
    assert query.forgiving({"kaleido": ["kaleidx"]}, known).startswith(
        "((('kaleido' | 'kaleidoscope' | 'kaleidoscopes') | 'kaleidx') &"
    )


def test_initials_match_by_their_parts_or_as_one_word() -> None:
    assert Query("AC/DC").exact == "(((('ac') & ('dc')) | ('acdc')))"
    assert Query("luft-ballons99").may_err == ["luft"]


def test_symbols_are_asked_for_where_there_is_nothing_else() -> None:
    assert Query("÷").exact == "('÷')"
    assert Query("simon & garfunkel").exact == "(('simon') & ('garfunkel'))"
    assert Query(" \t").is_empty


@pytest.mark.parametrize("text", ["words " * 50, "a/b/c/d " * 40, "? " * 150, "x.y " * 75, "\u6771" * 299])
def test_a_long_query_is_cut(text: str) -> None:
    query = Query(text[:299])
    assert len(query.may_begin) <= 2 * MAX_WORDS
    assert query.forgiving({}).count("'") / 2 <= max(4 * MAX_WORDS, 299, MAX_FORGIVEN_RUN**2)
