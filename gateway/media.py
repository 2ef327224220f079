"""Signed media: links that carry their own permission, and the objects behind them, with ranges and without a call.

`/media/<signature>/<object>`; a signature names a key, an end, and either a folder or one object with a file name:
`<f|o>.<key id>.<end, Unix seconds>.<HMAC-SHA-256 over method, kind, name, end, key id and file name>`.
Covers need none, so that their address never changes: `/media/recordings/<id>/cover-<size>.jpg`.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from starlette.responses import Response

from chassis import clock, errors
from gateway.objects import Objects
from gateway.web.faults import MethodNotAllowed, RangeNotSatisfiable, headers
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

PREFIX = "/media/"
# Counted from the answer and rounded up to the hour, so that caches share one link.
FOLDER_SECONDS = 4 * 3600
HOUR = 3600
DOWNLOAD_SECONDS = 15 * 60
MAX_COVER_SIZE = "1000x1000"
MAC_BYTES = 16
MAX_KEPT = 4096

_FOLDER = re.compile(r"recordings/[0-9a-f-]{36}")
_COVER = re.compile(rf"{_FOLDER.pattern}/cover-[0-9x]{{1,15}}\.jpg")
# No empty, dotted or encoded segments: a name cannot leave its folder.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_SIGNATURE = re.compile(r"([fo])\.([A-Za-z0-9_-]{1,32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{22})")


class Media:
    """`keys` are secrets by id; the first signs, all are accepted."""

    def __init__(self, keys: Mapping[str, bytes], objects: Objects) -> None:
        self._keys = keys
        self._key_id = next(iter(keys))
        self.objects = objects
        # An answer names one folder up to three times, and popular ones in every answer.
        self._folder_signature = lru_cache(MAX_KEPT)(lambda folder, until: self._sign("f", folder, until, ""))

    def folder_link(self, origin: str, folder: str, name: str) -> str:
        """A link to one object that also opens its relative neighbours; valid for 4 to 5 hours."""
        until = -(-(self._now() + FOLDER_SECONDS) // HOUR) * HOUR
        return f"{origin}{PREFIX}{self._folder_signature(folder, until)}/{folder}/{name}"

    def cover_link(self, origin: str, cover: str, size: str = MAX_COVER_SIZE) -> str:
        """A link to a picture in one of its sizes; the same, and valid, for as long as the track exists.

        It opens nothing else and cannot be guessed.
        """
        return f"{origin}{PREFIX}{cover.rpartition('/')[0]}/cover-{size}.jpg"

    def object_link(self, origin: str, name: str, filename: str) -> str:
        """A link that downloads exactly this object as `filename`; valid for 15 minutes."""
        signature = self._sign("o", name, self._now() + DOWNLOAD_SECONDS, filename)
        return f"{origin}{PREFIX}{signature}/{name}?filename={quote(filename, safe='')}"

    async def answer(self, request: Request) -> Response:
        """The object behind a link. Raises errors that `render` renders."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        path = request.path[len(PREFIX) :]
        if _COVER.fullmatch(path):
            return await self.objects.answer(request, path, is_immutable=True)
        signature, _, name = path.partition("/")
        filename = request.query_params.get("filename", "")
        kind = self._check(signature, name, filename)
        return await self.objects.answer(
            request, name, attachment=filename if kind == "o" else None, is_immutable=kind == "f"
        )

    def _check(self, signature: str, name: str, filename: str) -> str:
        """The kind of the signature. Raises Forbidden if it does not open `name` now."""
        match = _SIGNATURE.fullmatch(signature)
        if not match or not _NAME.fullmatch(name):
            raise errors.Forbidden("The link is invalid")
        kind, key_id, until = match[1], match[2], int(match[3])
        folder = _FOLDER.match(name)
        if kind == "f" and (not folder or name[folder.end() : folder.end() + 1] != "/"):
            raise errors.Forbidden("The link is invalid")
        subject = folder.group() if kind == "f" and folder else name
        expected = self._sign(kind, subject, until, "" if kind == "f" else filename, key_id)
        if key_id not in self._keys or not hmac.compare_digest(expected, signature):
            raise errors.Forbidden("The link is invalid")
        if until <= self._now():
            raise errors.Forbidden("The link has expired")
        return kind

    def _sign(self, kind: str, subject: str, until: int, filename: str, key_id: str = "") -> str:
        key_id = key_id or self._key_id
        message = "\n".join(("GET", kind, subject, str(until), key_id, filename)).encode()
        mac = hmac.digest(self._keys.get(key_id, b""), message, sha256)[:MAC_BYTES]
        return f"{kind}.{key_id}.{until}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def _now(self) -> int:
        return int(clock.utc_now().timestamp())


def render(error: errors.Error) -> JSONResponse:
    """Media links belong to no contract; players read the status alone."""
    document = {"message": error.message}
    if isinstance(error, RangeNotSatisfiable):
        return JSONResponse(document, 416, {"content-range": f"bytes */{error.total_bytes}"})
    statuses: dict[type[errors.Error], int] = {
        errors.NotFound: 404, errors.Forbidden: 403, errors.Invalid: 400, errors.RateLimited: 429,
        errors.Unavailable: 503, MethodNotAllowed: 405,
    }  # fmt: skip
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 500)
    return JSONResponse(document, status, headers(error, status))
