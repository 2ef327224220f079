"""docs/configuration.md is what the processes declare; `make docs` writes it."""

from pathlib import Path

import pytest

from deploy import configuration

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == configuration.page(), "run `make docs`"


@pytest.mark.parametrize("process", configuration.PROCESSES)
def test_every_setting_says_what_it_means(process: str) -> None:
    fields = configuration.settings_of(process).model_fields
    assert [name for name, field in fields.items() if not field.description] == []
