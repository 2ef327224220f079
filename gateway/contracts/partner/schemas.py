"""What the partner's bodies may hold: nothing unknown, nothing coerced."""

from typing import Annotated, Literal
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field

from gateway.web.faults import Malformed
from gateway.web.reading import Body, checked, is_uuid, json_body
from gateway.web.requests import MAX_JSON_BYTES, Request

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 20
NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"


def _uuid(text: str) -> str:
    if not is_uuid(text):
        raise ValueError("must be a UUID")
    return text.lower()


Name = Annotated[str, Field(min_length=1, max_length=255, pattern=NAME)]
Uuid = Annotated[str, AfterValidator(_uuid)]


class ClientCredentials(Body):
    grant_type: Literal["client_credentials"]
    client_id: str = Field(min_length=1, max_length=255)
    client_secret: str = Field(min_length=1, max_length=512)


class NewUser(Body):
    first_name: Name
    last_name: Name
    email: str = Field(max_length=255)
    date_of_birth: str = Field(max_length=10)


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
        raise Malformed("The body names a field twice")
    return dict(pairs)
