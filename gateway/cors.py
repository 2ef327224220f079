"""Cross-origin reading for browsers. Tokens travel in a header and never in cookies, so every origin may ask."""

from gateway.web.answers import Answer, empty_answer
from gateway.web.requests import Request

_EXPOSED = (
    b"Accept-Ranges, Allow, Content-Disposition, Content-Length, Content-Range, ETag, Location, Retry-After, "
    b"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)

_TAKEN = b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Range, traceparent"


def is_preflight(request: Request) -> bool:
    return request.header(b"access-control-request-method") is not None


def preflight() -> Answer:
    return empty_answer(
        204,
        [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
            (
                b"access-control-allow-headers",
                b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Range, traceparent",
            ),
            (b"access-control-max-age", b"86400"),
        ],
    )


def opened(answer: Answer) -> Answer:
    answer.headers += ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _EXPOSED))
    return answer
