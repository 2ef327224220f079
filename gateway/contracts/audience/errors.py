"""The audience contract's error bodies: `{"success": false, "error": {"code", "message", "details"}}`."""

from chassis import errors
from gateway.web.faults import MethodNotAllowed, NotBuilt, headers
from gateway.web.responses import JSONResponse

# By reason first: it is finer than the class.
_BY_REASON: dict[str, tuple[int, str]] = {
    "MALFORMED": (400, "BAD_REQUEST"),
    "TOO_LARGE": (413, "PAYLOAD_TOO_LARGE"),
    "UNSUPPORTED_MEDIA": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "IDEMPOTENCY_KEY_REUSED": (422, "IDEMPOTENCY_KEY_REUSED"),
    "IDEMPOTENCY_IN_FLIGHT": (409, "IDEMPOTENCY_IN_FLIGHT"),
}
_BY_CLASS: dict[type[errors.Error], tuple[int, str]] = {
    errors.NotFound: (404, "NOT_FOUND"),
    # The only conflict is a track that is still processing, which this API does not know yet.
    errors.Conflict: (404, "NOT_FOUND"),
    errors.Invalid: (422, "VALIDATION_ERROR"),
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.Forbidden: (403, "FORBIDDEN"),
    errors.RateLimited: (429, "RATE_LIMIT_EXCEEDED"),
    errors.Unavailable: (503, "SERVICE_UNAVAILABLE"),
    MethodNotAllowed: (405, "METHOD_NOT_ALLOWED"),
    NotBuilt: (501, "INTERNAL_ERROR"),
}
_INTERNAL = (500, "INTERNAL_ERROR")
_MESSAGES = {"NOT_FOUND": "No such track, user or artist", "INTERNAL_ERROR": "Something went wrong"}


def render(error: errors.Error) -> JSONResponse:
    status, code = _BY_REASON.get(error.reason) or _by_class(error)
    message = error.message if status == 501 else _MESSAGES.get(code, error.message)
    document = {"success": False, "error": {"code": code, "message": message, "details": _details(error, status, code)}}
    return JSONResponse(document, status, headers(error, status))


def _by_class(error: errors.Error) -> tuple[int, str]:
    return next((known for kind, known in _BY_CLASS.items() if isinstance(error, kind)), _INTERNAL)


def _details(error: errors.Error, status: int, code: str) -> list[dict[str, str]]:
    fields = [{"field": field, "message": message} for field, message in error.fields]
    if fields or status != 422:
        return fields
    # A 422 always says where: the key, or the body as a whole.
    field = "Idempotency-Key" if code == "IDEMPOTENCY_KEY_REUSED" else ""
    return [{"field": field, "message": error.message}]
