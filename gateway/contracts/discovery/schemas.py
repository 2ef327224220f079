"""Discovery's query parameters; unknown ones are ignored, numbers out of range are clamped."""

import re
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator
from pydantic_core import ErrorDetails

from gateway.web import reading
from gateway.web.faults import Malformed
from gateway.web.requests import Request

_Model = TypeVar("_Model", bound=reading.Query)

MISSING = "Missing required parameter in the JSON body or the post body or the query string"
MAX_QUERY = 500
MAX_URL = 2048
_INTEGER = re.compile(r"[+-]?[0-9]+")
# More digits than any bound has.
_MAX_DIGITS = 10


def _flag(value: object) -> object:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(f"The value '{value}' is not true or false.")


def _clamped(lowest: int, highest: int) -> BeforeValidator:
    def read(value: object) -> int:
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise ValueError(f"The value '{value}' is not an integer.")
        size = int(value.lstrip("+-").lstrip("0")[:_MAX_DIGITS] or "0")
        return min(max(lowest, -size if value[0] == "-" else size), highest)

    return BeforeValidator(read)


Flag = Annotated[bool, BeforeValidator(_flag)]
Limit = Annotated[int, _clamped(1, 500)]
Offset = Annotated[int, _clamped(0, 500)]


class StreamQuery(reading.Query):
    skip_play_count: Flag = False
    no_redirect: Flag = False


class SearchQuery(reading.Query):
    query: str
    only_downloadable: Flag = False


class TagsQuery(reading.Query):
    limit: Limit = 100


class PageQuery(TagsQuery):
    offset: Offset = 0


class TracksQuery(PageQuery):
    sort: Literal["date", "plays"] = "date"


class TrendingQuery(reading.Query):
    genre: str = ""
    time: Literal["week", "month", "year", "allTime"] = "week"
    limit: Annotated[int, _clamped(1, 100)] = 100
    offset: Offset = 0


class ResolveQuery(reading.Query):
    url: str


def query(request: Request, model: type[_Model]) -> _Model:
    """The query as `model`, in this contract's words; Malformed names every invalid parameter."""
    return reading.query(request, model, say=_message)


def search_query(request: Request) -> SearchQuery:
    """Malformed also for a query that is blank, too long or contains NUL; that error lists no parameter."""
    params = query(request, SearchQuery)
    if not params.query.strip() or len(params.query) > MAX_QUERY or "\0" in params.query:
        raise Malformed("Oh no! Bad request parameter query.")
    return params


def resolve_query(request: Request) -> ResolveQuery:
    params = query(request, ResolveQuery)
    if not 1 <= len(params.url) <= MAX_URL:
        raise Malformed("Oh no! Bad request parameter url.")
    return params


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "literal_error":
        return not_a_choice(str(detail["loc"][0]), detail["input"])
    return MISSING if detail["type"] == "missing" else reading.in_english(detail)


def not_a_choice(name: str, value: object) -> str:
    return f"The value '{value}' is not a valid choice for '{name}'."
