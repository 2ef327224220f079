"""multipart/form-data (RFC 7578), part by part as it arrives: fields are bounded, files are never kept.

python-multipart parses it; Starlette's `form()`, which builds on it, would keep every file in memory or on disk.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.header import decode_header
from typing import Any
from urllib.parse import unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.web.faults import Malformed, TooLarge, UnsupportedMedia
from gateway.web.requests import Request

MAX_PARTS = 20
# Of all fields together, without the file.
MAX_FIELD_BYTES = 32 * 1024
MAX_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class File:
    """A file; its `chunks` (at most 256 KiB each) must be read to the end before the next part."""

    name: str
    filename: str
    chunks: AsyncIterator[bytes]


_EXTENDED = re.compile(rb"filename\*\s*=\s*\"?([A-Za-z0-9._-]*)'[^']*'([A-Za-z0-9!#$&+.^_`|~%-]+)", re.IGNORECASE)
_BEGIN, _DATA, _END, _LAST = range(4)


class Form:
    """The parts of a request's body, once. UnsupportedMedia, Malformed, TooLarge, ClientDisconnect."""

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data":
            raise UnsupportedMedia("The body must be multipart/form-data")
        if not 0 < len(boundary) <= 70:
            raise Malformed("The multipart boundary is missing or malformed")
        self._body = request.stream()
        self._events: list[tuple[int, bytes]] = []
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(boundary, self._callbacks(), max_header_count=8, max_header_size=4096)
        self._field_bytes = 0

    async def parts(self) -> AsyncIterator[Field | File]:
        count = 0
        while (event := await self._next())[0] != _LAST:
            count += 1
            if count > MAX_PARTS:
                raise Malformed("The form has too many parts")
            name, filename = _names(event[1])
            if filename is None:
                yield Field(name, await self._value(name))
            else:
                yield File(name, filename, self._chunks())

    async def _value(self, name: str) -> str:
        value = bytearray()
        while (event := await self._next())[0] == _DATA:
            value += event[1]
            if self._field_bytes + len(value) > MAX_FIELD_BYTES:
                raise TooLarge("The form fields are too large")
        self._field_bytes += len(value)
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed.at(name, "must be UTF-8") from None

    async def _chunks(self) -> AsyncIterator[bytes]:
        while (event := await self._next())[0] == _DATA:
            data = event[1]
            for start in range(0, len(data), MAX_CHUNK_BYTES):
                yield data[start : start + MAX_CHUNK_BYTES]

    async def _next(self) -> tuple[int, bytes]:
        """The next event; reads more only once all that was read is used, so that nothing piles up."""
        while not self._events:
            part = await anext(self._body, None)
            if part is None:
                raise Malformed("The multipart body ends too soon")
            try:
                self._parser.write(part)
            except MultipartParseError:
                raise Malformed("The multipart body is malformed") from None
            self._events.reverse()
        return self._events.pop()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": lambda: self._events.append((_BEGIN, self._disposition())),
            "on_part_data": lambda data, start, end: self._events.append((_DATA, bytes(data[start:end]))),
            "on_part_end": lambda: self._events.append((_END, b"")),
            "on_end": lambda: self._events.append((_LAST, b"")),
        }

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _disposition(self) -> bytes:
        return self._headers.get(b"content-disposition", b"")


def _names(disposition: bytes) -> tuple[str, str | None]:
    """The field's name and, for a file, its file name."""
    kind, options = parse_options_header(disposition)
    name = options.get(b"name")
    if kind != b"form-data" or name is None:
        raise Malformed("A part of the form has no name")
    return name.decode("utf-8", "replace"), _extended(disposition) or _plain(options.get(b"filename"))


def _extended(disposition: bytes) -> str | None:
    """`filename*=UTF-8''...` (RFC 5987), which RFC 7578 forbids and clients send."""
    found = _EXTENDED.search(disposition)
    if not found:
        return None
    charset, value = found[1].decode() or "utf-8", found[2].decode()
    try:
        return unquote(value, charset, "replace")
    except LookupError:  # no such charset
        return unquote(value)


def _plain(filename: bytes | None) -> str | None:
    """Mail programs and those that learned from them send encoded words (RFC 2047)."""
    if filename is None:
        return None
    text = filename.decode("utf-8", "replace")
    try:
        parts = decode_header(text) if "=?" in text else [(text, None)]
        return "".join(part.decode(charset or "utf-8") if isinstance(part, bytes) else part for part, charset in parts)
    except (ValueError, LookupError):
        return text
