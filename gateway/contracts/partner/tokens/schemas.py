"""Bodies of token requests."""

from typing import Literal
from urllib.parse import parse_qsl

from pydantic import Field

from gateway.web.faults import Malformed
from gateway.web.fields import Uuid
from gateway.web.reading import Body, checked, json_body
from gateway.web.requests import MAX_JSON_BYTES, Request

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 20


class ClientCredentials(Body):
    grant_type: Literal["client_credentials"]
    client_id: str = Field(min_length=1, max_length=255)
    client_secret: str = Field(min_length=1, max_length=512)


class DelegationRequest(Body):
    device_id: Uuid = Field(alias="deviceId")


async def read_credentials(request: Request) -> ClientCredentials:
    """Client credentials from JSON or from a form (RFC 6749, 4.4.2)."""
    if request.media_type == FORM:
        return checked(ClientCredentials, _form(await request.body(MAX_JSON_BYTES)))
    return await json_body(request, ClientCredentials)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise Malformed("The body is not a valid form") from None
    if len(dict(pairs)) != len(pairs):
        raise Malformed("The body repeats a field")
    return dict(pairs)
