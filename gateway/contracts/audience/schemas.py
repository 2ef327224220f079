"""Ids, bodies and queries of the audience contract. An id is a UUID, with dashes or as 32 hex digits."""

import re
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from gateway.web.faults import Malformed
from gateway.web.fields import INTEGER, between, is_uuid
from gateway.web.reading import Body, Query
from gateway.web.requests import Request

MALFORMED_ID = "must be a UUID or 32 hex digits"

_HEX = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)


def any_id(text: str) -> str:
    """As a UUID with dashes, in lower case."""
    if not (is_uuid(text) or _HEX.fullmatch(text)):
        raise ValueError(MALFORMED_ID)
    return str(UUID(text))


def path_id(request: Request, name: str) -> str:
    try:
        return any_id(request.path_params[name])
    except ValueError:
        raise Malformed.at(name, MALFORMED_ID) from None


AnyId = Annotated[str, AfterValidator(any_id)]


class NewStream(Body):
    track_id: AnyId
    user_id: AnyId


class MainUserQuery(Query):
    main_user_id: AnyId | None = None


class ListenersQuery(MainUserQuery):
    page: Annotated[int, INTEGER, between(1, 1_000_000)] = 1
    limit: Annotated[int, INTEGER, between(1, 100)] = 20
