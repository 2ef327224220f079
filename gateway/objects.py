"""Objects of the store as HTTP answers: ranges, HEAD, ETag, types. Reads immutable objects and nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlparse

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, from_url
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from chassis import errors, telemetry
from gateway.streams import Streams
from gateway.web.faults import RangeNotSatisfiable
from gateway.web.requests import Request

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

log = telemetry.logger(__name__)

CHUNK_BYTES = 256 * 1024
# By default an unreachable bucket is retried for three minutes, and a long download ends after 30 s.
PATIENCE: "ClientConfig" = {"connect_timeout": "2s", "read_timeout": "8s", "timeout": "1h", "allow_http": True}
RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=5)}
# Objects up to this size, such as segments, are answered whole: one call to the store, one write to the socket.
MAX_WHOLE_BYTES = 512 * 1024

TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "audio/mp4",
    "m4s": "audio/mp4",
    "m4a": "audio/mp4",
    "ts": "video/mp2t",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "json": "application/json",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,400})\s*-\s*([0-9]{0,400})\s*", re.IGNORECASE)
# Behind the end of any object, and what the store's 64 bits can still count from.
_FAR = 2**62

IMMUTABLE = "public, max-age=31536000, immutable"
# A playlist is immutable too, but players and proxies should not hold it longer than its signature.
SHORT = "public, max-age=300"


@contextmanager
def _told() -> Iterator[None]:
    """Turns the store's errors into ours."""
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise errors.NotFound() from None
    except (BaseError, OSError) as failure:
        log.warning("objects.store_away", error=type(failure).__name__)
        raise errors.Unavailable() from None


def _opened(url: str) -> ObjectStore:
    address = urlparse(url)
    if address.scheme in ("", "file"):
        folder = Path(unquote(address.path) if address.scheme else url)
        folder.mkdir(parents=True, exist_ok=True)
        return obstore.store.LocalStore(folder.resolve())
    return from_url(url, client_options=PATIENCE, retry_config=RETRIES)


class Objects:
    """The store at `url`; opened when first used, so that the gateway starts while it is down."""

    def __init__(self, url: str, streams: Streams) -> None:
        self._url = url
        self._streams = streams

    @cached_property
    def _store(self) -> ObjectStore:
        return _opened(self._url)

    async def answer(
        self,
        request: Request,
        name: str,
        *,
        attachment: str | None = None,
        is_immutable: bool = False,
        content_type: str | None = None,
    ) -> Response:
        """The object, or the range asked for. NotFound, RangeNotSatisfiable, RateLimited, Unavailable."""
        shown = _Shown(name, attachment, is_immutable, content_type)
        with _told():
            if request.method == "HEAD":
                meta = await obstore.head_async(self._store, name)
                return Response(headers=_headers(meta, shown) | {"content-length": str(meta["size"])})
            self._streams.check(request.address)
            return await self._get(request, shown)

    async def read(self, name: str) -> bytes:
        """A small object as a whole. NotFound, Unavailable."""
        with _told():
            return bytes(await (await obstore.get_async(self._store, name)).bytes_async())

    async def _get(self, request: Request, shown: "_Shown") -> Response:
        wanted = _range(request.headers.get("range"))
        if wanted is not None and (if_range := request.headers.get("if-range")) is not None:
            meta = await obstore.head_async(self._store, shown.name)
            wanted = wanted if if_range == _etag(meta) else None
        result = await self._open(shown.name, wanted)
        headers = _headers(result.meta, shown)
        if wanted is None and _has(request.headers.get("if-none-match"), _etag(result.meta)):
            return Response(status_code=304, headers=headers)
        start, end = result.range
        headers["content-length"] = str(end - start)
        if wanted is not None:
            headers["content-range"] = f"bytes {start}-{end - 1}/{result.meta['size']}"
        status, sending = 200 if wanted is None else 206, self._streams.sending(request.address)
        if end - start <= MAX_WHOLE_BYTES:
            return _Whole(bytes(await result.bytes_async()), status, headers, sending)
        return _Streamed(_chunks(result), status, headers, sending)

    async def _open(self, name: str, wanted: Any) -> Any:
        if wanted is None:
            return await obstore.get_async(self._store, name)
        try:
            return await obstore.get_async(self._store, name, options={"range": wanted})
        except (NotFoundError, FileNotFoundError):
            raise
        except BaseError:
            # The store has an error of its own for a range that starts past the end.
            total = (await obstore.head_async(self._store, name))["size"]
            if _begins(wanted) >= total:
                raise RangeNotSatisfiable(total) from None
            raise


class _Whole(Response):
    """Counted as being sent until the client has read nearly all of it."""

    def __init__(
        self, body: bytes, status: int, headers: dict[str, str], sending: AbstractContextManager[None]
    ) -> None:
        super().__init__(body, status, headers)
        self._sending = sending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._sending:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
            # Waits for the body to leave the buffer.
            await send({"type": "http.response.body", "body": b""})


class _Streamed(StreamingResponse):
    """Counted as being sent until it has been."""

    def __init__(
        self, chunks: AsyncIterator[bytes], status: int, headers: dict[str, str], sending: AbstractContextManager[None]
    ) -> None:
        super().__init__(chunks, status, headers)
        self._sending = sending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._sending:
            await super().__call__(scope, receive, send)


# (first, end), {"offset": n} or {"suffix": n}: the store's own words, whose types exist for type checkers only.
_Wanted = Any


@dataclass(frozen=True, slots=True)
class _Shown:
    """An object and the headers to serve it with."""

    name: str
    attachment: str | None
    is_immutable: bool
    content_type: str | None


def _range(header: str | None) -> _Wanted:
    """The one range asked for, as the store takes it; None when there is none, several, or an unreadable one."""
    match = _RANGE.fullmatch(header) if header else None
    if not match or not (match[1] or match[2]):
        return None
    if not match[1]:
        return {"suffix": min(int(match[2]), _FAR)} if int(match[2]) else {"offset": _FAR}
    first = min(int(match[1]), _FAR)
    if not match[2]:
        return {"offset": first}
    last = min(int(match[2]), _FAR)
    return (first, last + 1) if int(match[1]) <= int(match[2]) else None


def _begins(wanted: _Wanted) -> int:
    return int(wanted[0] if isinstance(wanted, tuple) else wanted.get("offset", 0))


def _headers(meta: Any, shown: _Shown) -> dict[str, str]:
    ending = (shown.attachment or shown.name).rpartition(".")[2].lower()
    headers = {
        "content-type": shown.content_type or TYPES.get(ending, "application/octet-stream"),
        "accept-ranges": "bytes",
        "etag": _etag(meta),
        "cache-control": _cached(ending, shown),
        "x-content-type-options": "nosniff",
    }
    if shown.attachment is not None:
        headers["content-disposition"] = disposition(shown.attachment)
    return headers


def _cached(ending: str, shown: _Shown) -> str:
    if not shown.is_immutable:
        return "private, no-store"
    return SHORT if ending == "m3u8" else IMMUTABLE


def disposition(filename: str) -> str:
    """RFC 6266: a plain name for old clients beside the real one."""
    plain = re.sub(r"[^A-Za-z0-9 ._()\-]", "_", filename) or "download"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _etag(meta: Any) -> str:
    tag = (meta.get("e_tag") or str(meta["size"])).removeprefix("W/").strip('"')
    return f'"{tag}"'


def _has(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))


async def _chunks(result: Any) -> AsyncIterator[bytes]:
    async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
        yield bytes(chunk)
        await asyncio.sleep(0)  # let others run between the chunks of a long download
