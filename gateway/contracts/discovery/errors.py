"""Discovery's error bodies: `{"message"}`, with `errors` by parameter where one is missing or of the wrong type."""

from math import ceil
from typing import Any

from chassis import errors
from gateway.web.answers import Answer, Headers, json_answer
from gateway.web.faults import MethodNotAllowed, NotBuilt, RangeNotSatisfiable

_BAD_PARAMETER = "Input payload validation failed"
_CRASH = "Something caused the server to crash."

# What is not for the public does not exist here, whatever the services call it.
_ABSENT = (errors.NotFound, errors.Forbidden, errors.Conflict)


def render(error: errors.Error) -> Answer:
    if isinstance(error, _ABSENT):
        return _answer(404, error.message)
    if isinstance(error, RangeNotSatisfiable):
        content_range = (b"content-range", b"bytes */%d" % error.total_bytes)
        return _answer(416, "Oh no! The range is not satisfiable.", [content_range])
    if isinstance(error, errors.Invalid):
        return _bad(error)
    if isinstance(error, errors.RateLimited):
        return _answer(429, "Oh no! Too many requests.", _retry_after(error))
    if isinstance(error, errors.Unavailable):
        return _answer(503, "Oh no! Try again in a moment.", _retry_after(error))
    if isinstance(error, MethodNotAllowed):
        return _answer(405, error.message)
    return _answer(501, error.message) if isinstance(error, NotBuilt) else _answer(500, _CRASH)


def _bad(error: errors.Invalid) -> Answer:
    document: dict[str, Any] = {"message": _BAD_PARAMETER if error.fields else error.message}
    if error.fields:
        document["errors"] = dict(reversed(error.fields))
    return json_answer(400, document)


def _answer(status: int, message: str, headers: Headers | None = None) -> Answer:
    return json_answer(status, {"message": message}, headers)


def _retry_after(error: errors.Error) -> Headers:
    return [(b"retry-after", b"%d" % max(1, ceil(error.retry_after_seconds)))]
