"""From untrusted JSON, queries and paths to checked values.

What a schema refuses becomes FieldErrors in plain English; a contract with its own wording passes `say`.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from chassis import errors
from chassis.errors import FieldError
from gateway.web.faults import Malformed, UnsupportedMedia
from gateway.web.fields import RULES, is_uuid
from gateway.web.requests import MAX_JSON_BYTES, Request

_Model = TypeVar("_Model", bound=BaseModel)
Say = Callable[[ErrorDetails], str]

_KEY = re.compile(r"[!-~]{1,255}")
# Deeper than any body of the contracts; far from the interpreter's own limit.
MAX_DEPTH = 64


class Body(BaseModel):
    """A JSON body: nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Query parameters: values are text, unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


async def json_body(request: Request, model: type[_Model], *, say: Say | None = None) -> _Model:
    """The body as `model`. UnsupportedMedia, TooLarge, Malformed (not JSON), or Invalid with the fields."""
    if request.media_type != "application/json":
        request.refuse_longer_than(MAX_JSON_BYTES)
        raise UnsupportedMedia()
    return checked(model, parse_json(await request.body()), say=say)


def checked(model: type[_Model], document: Any, *, say: Say | None = None) -> _Model:
    """`document` as `model`; Invalid names every invalid field."""
    try:
        return model.model_validate(document)
    except ValidationError as failure:
        raise errors.Invalid(fields=field_errors(failure, say)) from None


def query(request: Request, model: type[_Model], *, say: Say | None = None) -> _Model:
    """The query as `model`; Malformed names every invalid parameter."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as failure:
        fields = field_errors(failure, say)
        raise Malformed(f"{fields[0].field} {fields[0].message}".strip(), fields=fields) from None


def path_uuid(request: Request, name: str = "id") -> str:
    """The path parameter as a UUID with dashes, in lower case."""
    text: str = request.path_params[name]
    if not is_uuid(text):
        raise Malformed.at(name, "must be a UUID")
    return text.lower()


def idempotency_key(request: Request) -> str:
    """The Idempotency-Key, empty when none was sent. Malformed."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise Malformed.at("Idempotency-Key", "must be 1 to 255 printable ASCII characters without spaces")
    return key


def parse_json(body: bytes) -> Any:
    """JSON, its decimals exact. Malformed for whatever RFC 8259 does not allow, and for deep nesting."""
    try:
        if _is_too_deep(body):
            raise Malformed("The body is nested too deeply")
        return json.loads(body.decode("utf-8"), parse_float=_number, parse_constant=_no_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise Malformed("The body is not valid JSON") from None


def field_errors(failure: ValidationError, say: Say | None = None) -> list[FieldError]:
    words = say or in_english
    details = failure.errors(include_url=False)
    return [FieldError(".".join(str(part) for part in d["loc"] if part != "__root__"), words(d)) for d in details]


def in_english(detail: ErrorDetails) -> str:
    """What is wrong, to be read after the field's name."""
    context: Mapping[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "value_error":
        return str(context.get("error", "is invalid"))
    if kind == "string_pattern_mismatch":
        return RULES.get(context["pattern"], "has an invalid format")
    if kind == "string_too_short" and context["min_length"] == 1:
        return "must not be empty"
    template = _ENGLISH.get(kind)
    return template.format_map(context) if template else "has an invalid value"


_ENGLISH = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "int_parsing_size": "is out of range",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
}


def _number(text: str) -> int | Decimal:
    """1.0 is an integer to JSON Schema; everything else keeps its decimal text."""
    value = Decimal(text)
    if value.adjusted() < 18 and value == value.to_integral_value():
        return int(value)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_too_deep(body: bytes) -> bool:
    """Counts brackets outside strings; only bodies with many of them pay for it."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _BRACKETS.finditer(body):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first in b"]}":
            depth -= 1
    return False


_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
