"""Ids, bodies and queries of the audience contract. An id is a UUID with dashes, or its 32 hex digits."""

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator

from gateway.web.faults import Malformed
from gateway.web.reading import Body, Query, is_uuid
from gateway.web.requests import Request

MALFORMED_ID = "must be a UUID or 32 hex digits"

_HEX = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def an_id(text: str) -> str:
    """As a UUID with dashes, in lower case."""
    if not (is_uuid(text) or _HEX.fullmatch(text)):
        raise ValueError(MALFORMED_ID)
    return str(UUID(text))


def path_id(request: Request, name: str) -> str:
    try:
        return an_id(request.path_params[name])
    except ValueError:
        raise Malformed.at(name, MALFORMED_ID) from None


def _an_integer(value: Any) -> Any:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            raise ValueError("must be an integer")
        return int(value)
    return value


def _between(lowest: int, highest: int) -> AfterValidator:
    def check(value: int) -> int:
        if not lowest <= value <= highest:
            raise ValueError(f"must be between {lowest} and {highest}")
        return value

    return AfterValidator(check)


AnyId = Annotated[str, AfterValidator(an_id)]


class NewStream(Body):
    track_id: AnyId
    user_id: AnyId


class MainUserQuery(Query):
    main_user_id: AnyId | None = None


class ListenersQuery(MainUserQuery):
    page: Annotated[int, BeforeValidator(_an_integer), _between(1, 1_000_000)] = 1
    limit: Annotated[int, BeforeValidator(_an_integer), _between(1, 100)] = 20
