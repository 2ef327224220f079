import pytest

from gateway.contract import Handlers
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse


async def _handler(_parts: Parts, _request: Request) -> JSONResponse:
    return JSONResponse({})


def test_an_operation_has_one_handler() -> None:
    handlers = Handlers()
    handlers.on("likeTrack")(_handler)
    with pytest.raises(ValueError, match="likeTrack has two handlers"):
        handlers.on("likeTrack")(_handler)


def test_handlers_are_found_in_every_resource_of_a_contract() -> None:
    found = Handlers.of("gateway.contracts.platform")
    assert {"registerUser", "likeTrack", "search", "getOrder", "getJwks"} <= found.keys()
