import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.faults import Malformed
from gateway.web.reading import parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_json_can_say_is_read(document: object) -> None:
    assert parse_json(json.dumps(document).encode()) == document


@given(st.binary())
def test_nothing_breaks_it(body: bytes) -> None:
    with suppress(Malformed):
        parse_json(body)


@pytest.mark.parametrize("text", ["9.99", "0.1", "1e-7", "123456789.123456789012345678901234567890"])
def test_decimals_keep_their_text(text: str) -> None:
    assert parse_json(text.encode()) == Decimal(text)


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    assert [type(parse_json(text)) for text in (b"1.0", b"1e3", b"-2.00")] == [int, int, int]


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded_and_brackets_in_strings_do_not_count(opening: bytes, closing: bytes) -> None:
    parse_json(opening * 60 + b"1" + closing * 60)
    with pytest.raises(Malformed):
        parse_json(opening * 100_000 + b"1" + closing * 100_000)
    assert parse_json(b'"' + b"[" * 100_000 + b'"') == "[" * 100_000
    assert parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000


@pytest.mark.parametrize(
    "body",
    [b"", b"nul", b"NaN", b"Infinity", b"1 2", b"{'a':1}", b"\xef\xbb\xbf{}", b'"\t"', b"1e99999999999999999999"],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(body)
