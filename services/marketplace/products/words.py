"""The rules for a product's fields. Invalid names a field as the public contract does."""

import re

from chassis.errors import FieldError, Invalid

MAX_TITLE, MAX_DESCRIPTION = 200, 2_000
MAX_PRICE_MINOR = 99_999_999

ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+")
LICENSE = re.compile(r"[a-z][a-z0-9_-]{0,49}")


def title(text: str) -> str:
    if not text.strip() or len(text) > MAX_TITLE or not ONE_LINE.fullmatch(text):
        raise invalid("title", f"must be a single line of 1 to {MAX_TITLE} characters and not blank")
    return text


def description(text: str | None) -> str | None:
    """Empty means none."""
    if text and ("\x00" in text or len(text) > MAX_DESCRIPTION):
        raise invalid("description", f"must be at most {MAX_DESCRIPTION} characters, none of them NUL")
    return text or None


def price_minor(amount: int) -> int:
    if not 0 <= amount <= MAX_PRICE_MINOR:
        raise invalid("price", "must be between 0 and 999999.99")
    return amount


def license_type(text: str) -> str:
    if not LICENSE.fullmatch(text or "standard"):
        raise invalid("license_type", "must be a lower-case word of at most 50 letters, digits, _ and -")
    return text or "standard"


def invalid(field: str, message: str) -> Invalid:
    return Invalid(fields=[FieldError(field, message)])
