"""The platform's error bodies: `{"success": false, "error": {"code", "message", "details"}}`."""

from chassis import errors
from gateway.web.faults import MethodNotAllowed, NotBuilt, headers
from gateway.web.responses import JSONResponse

# By reason first: it is finer than the class.
_BY_REASON: dict[str, tuple[int, str]] = {
    "MALFORMED": (400, "BAD_REQUEST"),
    "TOO_LARGE": (413, "PAYLOAD_TOO_LARGE"),
    "QUOTA_EXCEEDED": (413, "QUOTA_EXCEEDED"),
    "UNSUPPORTED_MEDIA": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "RANGE_NOT_SATISFIABLE": (416, "RANGE_NOT_SATISFIABLE"),
    "IDEMPOTENCY_KEY_REUSED": (422, "IDEMPOTENCY_KEY_REUSED"),
    "IDEMPOTENCY_IN_FLIGHT": (409, "IDEMPOTENCY_IN_FLIGHT"),
    "INVALID_CREDENTIALS": (401, "INVALID_CREDENTIALS"),
    "INVALID_REFRESH_TOKEN": (401, "INVALID_REFRESH_TOKEN"),
}
_BY_CLASS: dict[type[errors.Error], tuple[int, str]] = {
    errors.NotFound: (404, "NOT_FOUND"),
    errors.AlreadyExists: (409, "CONFLICT"),
    errors.Conflict: (409, "CONFLICT"),
    errors.Invalid: (422, "VALIDATION_ERROR"),
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.Forbidden: (403, "FORBIDDEN"),
    errors.RateLimited: (429, "RATE_LIMIT_EXCEEDED"),
    errors.Unavailable: (503, "SERVICE_UNAVAILABLE"),
    MethodNotAllowed: (405, "METHOD_NOT_ALLOWED"),
    NotBuilt: (501, "INTERNAL_ERROR"),
}
_INTERNAL = (500, "INTERNAL_ERROR")


def render(error: errors.Error) -> JSONResponse:
    status, code = _BY_REASON.get(error.reason) or _by_class(error)
    message = "Internal server error" if status == 500 else error.message
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
