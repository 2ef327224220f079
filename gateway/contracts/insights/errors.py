"""The insights contract's error bodies: `{"success": false, "message", "error"}`, and `errors` by field on a 422."""

from typing import Any

from chassis import errors
from gateway.web.faults import MethodNotAllowed, NotBuilt, headers, retry_after_seconds
from gateway.web.responses import JSONResponse

_WORDS: dict[type[errors.Error], tuple[int, str]] = {
    errors.NotFound: (404, "not_found"),
    errors.Invalid: (422, "validation_failed"),
    errors.Unauthenticated: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.RateLimited: (429, "rate_limited"),
    MethodNotAllowed: (405, "method_not_allowed"),
    NotBuilt: (501, "server_error"),
}
# Unavailable is 500 too: this contract has no 503.
_SERVER_ERROR = (500, "server_error")
_MESSAGES = {
    401: "Authentication required",
    403: "Access denied to this resource",
    422: "Invalid parameters",
    429: "Too Many Attempts.",
    500: "Internal server error",
}


def render(error: errors.Error) -> JSONResponse:
    status, code = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), _SERVER_ERROR)
    document: dict[str, Any] = {
        "success": False,
        "message": _MESSAGES.get(status, error.message),
        "error": code,
    }
    if status == 422:
        document["errors"] = _by_field(error)
    if status == 429:
        document["retry_after"] = retry_after_seconds(error)
    return JSONResponse(document, status, headers(error, status))


def _by_field(error: errors.Error) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field, message in error.fields or [errors.FieldError("", error.message)]:
        found.setdefault(field or "body", []).append(_sentence(message))
    return found


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."
