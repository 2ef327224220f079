"""Cross-origin reading for browsers. Tokens travel in a header and never in cookies, so every origin may ask.

Starlette's CORSMiddleware is silent where no Origin came; discovery promises these headers in every answer.
"""

from starlette.responses import Response

from gateway.web.requests import Request

_OPENED = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Accept-Ranges, Allow, Content-Disposition, Content-Length, Content-Range, ETag, Location, Retry-After, "
        b"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
    ),
]
_PREFLIGHT = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": ("Authorization, Content-Type, Idempotency-Key, If-None-Match, Range, traceparent"),
    "access-control-max-age": "86400",
}


def preflight(request: Request) -> Response | None:
    """The answer, if it is one."""
    if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
        return None
    return Response(status_code=204, headers=_PREFLIGHT)


def opened(response: Response) -> Response:
    response.raw_headers += _OPENED
    return response
