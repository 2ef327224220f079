"""Discovery's error bodies: `{"message"}`, with `errors` by parameter where one is missing or of the wrong type."""

from typing import Any

from chassis import errors
from gateway.web.faults import MethodNotAllowed, NotBuilt, RangeNotSatisfiable, headers
from gateway.web.responses import JSONResponse

_BAD_PARAMETER = "Input payload validation failed"
_CRASH = "Something caused the server to crash."

# What is not public does not exist here, whatever the services say.
_ABSENT = (errors.NotFound, errors.Forbidden, errors.Conflict)


def render(error: errors.Error) -> JSONResponse:
    if isinstance(error, _ABSENT):
        return _answer(404, error.message)
    if isinstance(error, RangeNotSatisfiable):
        content_range = {"content-range": f"bytes */{error.total_bytes}"}
        return _answer(416, "Oh no! The range is not satisfiable.", content_range)
    if isinstance(error, errors.Invalid):
        return _bad(error)
    if isinstance(error, errors.RateLimited):
        return _answer(429, "Oh no! Too many requests.", headers(error, 429))
    if isinstance(error, errors.Unavailable):
        return _answer(503, "Oh no! Try again in a moment.", headers(error, 503))
    if isinstance(error, MethodNotAllowed):
        return _answer(405, error.message, headers(error, 405))
    return _answer(501, error.message) if isinstance(error, NotBuilt) else _answer(500, _CRASH)


def _bad(error: errors.Invalid) -> JSONResponse:
    document: dict[str, Any] = {"message": _BAD_PARAMETER if error.fields else error.message}
    if error.fields:
        document["errors"] = dict(reversed(error.fields))
    return JSONResponse(document, 400)


def _answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"message": message}, status, headers)
