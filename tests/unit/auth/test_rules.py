"""What the parts of an account may hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from services.auth.accounts import rules
from services.auth.accounts.account import NewUser, SignUp

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize("text", ["abc", "A_1", "_-.", "a" * 30])
def test_user_names(text: str) -> None:
    assert rules.is_username(text)


@pytest.mark.parametrize("text", ["", "ab", "a" * 31, ".ab", "-ab", "äbc", "a b", "abc\n", "a\x00c", "a/../b"])
def test_no_user_names(text: str) -> None:
    assert not rules.is_username(text)


@given(st.emails())
def test_addresses(text: str) -> None:
    assert rules.is_email(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a@b", "@b.c", "a@b..c", "a b@c.de", "a@b.c\n", "ä@b.cd", f"{'a' * 251}@b.cd"]
)
def test_no_addresses(text: str) -> None:
    assert not rules.is_email(text)


def test_every_fault_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_sign_up(SignUp("a", "b", "c"))
    assert [f.field for f in refused.value.fields] == ["username", "email", "password"]
    with pytest.raises(Invalid) as refused:
        rules.check_new_user(NewUser("", "\x07", "b", "2026-3-1"), TODAY)
    assert [f.field for f in refused.value.fields] == ["first_name", "last_name", "email", "date_of_birth"]


@pytest.mark.parametrize(("text", "fine"), [("1900-01-01", True), ("2026-03-09", True), ("2026-03-10", False)])
def test_birth_dates(text: str, fine: bool) -> None:
    new = NewUser("Jane", "Doe", "jane@example.com", text)
    if fine:
        assert rules.check_new_user(new, TODAY) == date.fromisoformat(text)
    else:
        with pytest.raises(Invalid):
            rules.check_new_user(new, TODAY)


@given(st.text())
def test_no_text_breaks_a_date(text: str) -> None:
    assert rules.read_date(text) is None or len(text) == 10


@given(st.dictionaries(st.sampled_from([*rules.CHANGEABLE, "role"]), st.none() | st.text()))
def test_a_change_is_taken_or_refused(values: dict[str, str | None]) -> None:
    try:
        rules.check_change(values)
    except Invalid as refused:
        assert {f.field for f in refused.fields} <= set(values)
    else:
        assert "role" not in values
