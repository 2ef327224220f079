"""The partner's error bodies, as Laravel writes them: `{"message"}`, and `errors` by field in a 422."""

from chassis import errors
from gateway.web.faults import MethodNotAllowed, NotBuilt, headers
from gateway.web.responses import JSONResponse

_BY_CLASS: dict[type[errors.Error], tuple[int, str]] = {
    errors.NotFound: (404, "Not found."),
    errors.Forbidden: (403, "This action is unauthorized."),
    errors.Unauthenticated: (401, "Unauthenticated."),
    errors.Conflict: (409, ""),
    errors.RateLimited: (429, "Too Many Attempts."),
    errors.Unavailable: (503, "Service unavailable. Try again later."),
    MethodNotAllowed: (405, ""),
    NotBuilt: (501, ""),
}
_CRASH = (500, "Server Error")


def render(error: errors.Error) -> JSONResponse:
    """A class without a text of its own shows the error's message."""
    if error.reason == "TOO_LARGE":
        return JSONResponse({"message": "The request body is too large."}, 413)
    if error.reason == "INVALID_CREDENTIALS":
        return JSONResponse({"message": "Client authentication failed.", "error": "invalid_client"}, 401)
    if isinstance(error, errors.Invalid | errors.AlreadyExists):
        return JSONResponse({"message": "The given data was invalid.", "errors": _by_field(error)}, 422)
    status, message = next((known for kind, known in _BY_CLASS.items() if isinstance(error, kind)), _CRASH)
    return JSONResponse({"message": message or error.message}, status, headers(error, status))


def _by_field(error: errors.Error) -> dict[str, list[str]]:
    """Every field with its sentences; errors of the body as a whole are under `body`."""
    found: dict[str, list[str]] = {}
    for field, message in error.fields or (errors.FieldError("body", error.message),):
        found.setdefault(field or "body", []).append(_sentence(field or "body", message))
    return found


def _sentence(field: str, message: str) -> str:
    """Words that follow a field's name become a sentence about it; a sentence stays one."""
    words = f"The {field.replace('_', ' ')} field {message}" if message[:1].islower() else message
    return words if words.endswith(".") else f"{words}."
