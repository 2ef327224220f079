"""Starlette's responses are the gateway's; here is what its JSON lacks."""

import json
from typing import Any

import orjson
from starlette import responses

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def as_json(document: Any) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        # A lone surrogate, which JSON can spell and UTF-8 cannot, becomes a question mark instead of a 500.
        return _encode(document).encode("utf-8", "replace")


class JSONResponse(responses.JSONResponse):
    def render(self, content: Any) -> bytes:
        return as_json(content)
