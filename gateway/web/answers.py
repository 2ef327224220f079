"""Answers as they go out: status, headers, and a body that is whole or streamed."""

import json
from collections.abc import AsyncIterator
from typing import Any

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = b"application/json"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Answer:
    __slots__ = ("body", "chunks", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: Headers | None = None,
        *,
        chunks: AsyncIterator[bytes] | None = None,
    ) -> None:
        """With `chunks` the body is streamed, and the caller sets Content-Length."""
        self.status = status
        self.body = body
        self.headers: Headers = headers if headers is not None else []
        self.chunks = chunks


def as_json(document: Any) -> bytes:
    # A lone surrogate, which JSON can spell and UTF-8 cannot, becomes a question mark instead of a 500.
    return _encode(document).encode("utf-8", "replace")


def json_answer(status: int, document: Any, headers: Headers | None = None) -> Answer:
    body = as_json(document)
    all_headers = [(b"content-type", JSON_TYPE), (b"content-length", b"%d" % len(body))]
    if headers:
        all_headers += headers
    return Answer(status, body, all_headers)


def bytes_answer(status: int, body: bytes, content_type: bytes, headers: Headers | None = None) -> Answer:
    all_headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    return Answer(status, body, all_headers + (headers or []))


def empty_answer(status: int, headers: Headers | None = None) -> Answer:
    length = [] if status == 204 or status < 200 else [(b"content-length", b"0")]
    return Answer(status, b"", length + (headers or []))
