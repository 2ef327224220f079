"""The rules for an account's fields, whoever sends them.

Names, addresses and passwords follow gateway/contracts/platform/openapi.yaml (Username, Email, Password, ProfileInput),
people's names and birth dates gateway/contracts/partner/openapi.yaml (Name, BirthDate).
"""

import re
from collections.abc import Callable, Iterable
from datetime import date

from chassis.errors import FieldError, Invalid
from services.auth.accounts.account import NewUser, SignUp

USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{2,29}")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL = re.compile(rf"{ATOM}(?:\.{ATOM})*@(?:{LABEL}\.)+{LABEL}")
EMAIL_LENGTH = 255
PASSWORD_LENGTHS = range(8, 129)
NAME_LENGTH = 255
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
AVATAR = re.compile(rf"https://{HOST}(?:\.{HOST})*(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~/%-]*)?")
AVATAR_LENGTH = 2048
LINE_LENGTH = 100
TEXT_LENGTH = 2000
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
KEY = re.compile(r"[!-~]{0,255}")
EARLIEST_BIRTH = date(1900, 1, 1)


def is_username(text: str) -> bool:
    return USERNAME.fullmatch(text) is not None


def is_email(text: str) -> bool:
    return len(text) <= EMAIL_LENGTH and EMAIL.fullmatch(text) is not None


def check(faults: Iterable[FieldError | None]) -> None:
    """Raises Invalid with every fault."""
    fields = tuple(fault for fault in faults if fault is not None)
    if fields:
        raise Invalid("The given data was invalid.", fields=fields)


def check_sign_up(new: SignUp) -> None:
    check((username(new.username), email(new.email), password(new.password)))


def check_new_user(new: NewUser, today: date) -> date:
    """The birth date, if every field is valid."""
    born = read_date(new.date_of_birth)
    check(
        (
            name("first_name", new.first_name),
            name("last_name", new.last_name),
            email(new.email),
            birth_date(born, today),
        )
    )
    assert born is not None
    return born


def username(text: str) -> FieldError | None:
    if is_username(text):
        return None
    return FieldError("username", "must be 3 to 30 letters, digits, _, . or -, and must not start with . or -")


def email(text: str) -> FieldError | None:
    return None if is_email(text) else FieldError("email", "must be an email address")


def password(text: str) -> FieldError | None:
    if len(text) in PASSWORD_LENGTHS and "\x00" not in text:
        return None
    return FieldError("password", "must be 8 to 128 characters, none of them NUL")


def name(field: str, text: str) -> FieldError | None:
    if text.strip() and len(text) <= NAME_LENGTH and not CONTROL.search(text):
        return None
    return FieldError(field, "must be one line of 1 to 255 characters, not blank")


def read_date(text: str) -> date | None:
    """A date written YYYY-MM-DD, else None."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def birth_date(born: date | None, today: date) -> FieldError | None:
    if born is not None and EARLIEST_BIRTH <= born < today:
        return None
    return FieldError("date_of_birth", "must be a day before today, written YYYY-MM-DD")


def key(text: str) -> FieldError | None:
    """An Idempotency-Key, which is optional."""
    return None if KEY.fullmatch(text) else FieldError("Idempotency-Key", "must be 1 to 255 printable ASCII characters")


def line(field: str, text: str) -> FieldError | None:
    if len(text) <= LINE_LENGTH and not CONTROL.search(text):
        return None
    return FieldError(field, "must be one line of at most 100 characters")


def text(field: str, value: str) -> FieldError | None:
    if len(value) <= TEXT_LENGTH and "\x00" not in value:
        return None
    return FieldError(field, "must have at most 2000 characters")


def avatar(field: str, value: str) -> FieldError | None:
    if len(value) <= AVATAR_LENGTH and AVATAR.fullmatch(value):
        return None
    return FieldError(field, "must be an https address")


# The fields a person may change, each with its rule. Only the user name cannot be cleared.
CHANGEABLE: dict[str, Callable[[str, str], FieldError | None]] = {
    "username": lambda _, value: username(value),
    "bio": text,
    "first_name": line,
    "last_name": line,
    "location": line,
    "gender": line,
    "avatar": avatar,
}


def check_change(values: dict[str, str | None]) -> None:
    check(_change(field, value) for field, value in values.items())


def _change(field: str, value: str | None) -> FieldError | None:
    rule = CHANGEABLE.get(field)
    if rule is None:
        return FieldError(field, "cannot be changed")
    if value is None:
        return username("") if field == "username" else None
    return rule(field, value)
