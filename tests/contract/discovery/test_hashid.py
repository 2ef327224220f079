"""The spelling of ids that real clients know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import NotFound
from gateway.contracts.discovery import hashid


@pytest.mark.parametrize(("number", "text"), [(86216, "V4W8r"), (294, "nlGNe"), (725, "D7KyD")])
def test_known_ids(number: int, text: str) -> None:
    assert hashid.encode(number) == text
    assert hashid.decode(text) == number


@given(st.integers(1, hashid.MAX_NUMBER))
def test_every_number_has_one_spelling(number: int) -> None:
    assert hashid.decode(hashid.encode(number)) == number


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        number = hashid.decode(text)
    except NotFound:
        return
    assert hashid.encode(number) == text
