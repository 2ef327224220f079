"""How deep a list may be read."""

import pytest

from chassis.pages import Page


@pytest.mark.parametrize(
    ("offset", "limit", "page"),
    [
        (0, 0, Page(0, 20)),
        (-5, -5, Page(0, 1)),
        (40, 1_000, Page(40, 500)),
        (9_990, 20, Page(9_990, 10)),
        (10_000, 20, Page(10_000, 0)),
        (2_000_000_000, 100, Page(10_000, 0)),
    ],
)
def test_no_page_goes_behind_the_last_entry(offset: int, limit: int, page: Page) -> None:
    assert Page.of(offset, limit) == page
