"""POST /tracks: what goes on to streaming and catalog, whatever the order and the size of the parts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

import httpx
import pytest
from soundstage.catalog.v1.tracks_pb2 import AddTrackRequest, AddTrackResponse
from soundstage.streaming.v1.uploads_pb2 import FileTags, ReceiveUploadRequest, ReceiveUploadResponse

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.platform.examples import RECORDING, processing_track

URL = "/api/v1/tracks"
RECEIVE, ADD = "streaming.v1.UploadsService/Receive", "catalog.v1.TracksService/Add"
BOUNDARY = "----sound-stage"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


class Store:
    """Streaming's end: what arrived, and whether it arrived as a whole."""

    def __init__(self, public: Public) -> None:
        self.filename = ""
        self.bytes = 0
        self.sha256 = sha256()
        self.declared_bytes = 0
        # What tells a whole file from one that was cut off: an empty chunk at its end.
        self.is_whole = False
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        public.services.on(RECEIVE, self.receive)
        public.services.on(ADD, AddTrackResponse(track=processing_track()))

    async def receive(self, requests: AsyncIterator[ReceiveUploadRequest]) -> ReceiveUploadResponse:
        async for request in requests:
            self._take(request)
        self.ended.set()
        return ReceiveUploadResponse(
            recording_id=RECORDING,
            sha256=self.sha256.hexdigest(),
            bytes=self.bytes,
            format="mp3",
            tags=FileTags(title="Tag"),
        )

    def _take(self, request: ReceiveUploadRequest) -> None:
        if request.HasField("head"):
            self.filename, self.declared_bytes = request.head.filename, request.head.declared_bytes
        else:
            assert not self.is_whole and len(request.chunk) <= 256 * 1024
            self.is_whole = not request.chunk
            self.begun.set()
            self.bytes += len(request.chunk)
            self.sha256.update(request.chunk)


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def post(public: Public, body: Any, **headers: str) -> httpx.Response:
    return await public.http.post(URL, content=body, headers=public.bearer() | MULTIPART | headers)


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
async def test_fields_come_before_and_after_the_file(public: Public, size: int) -> None:
    store = Store(public)
    audio = bytes(range(256)) * 8 + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n"
    body = (
        part("title", "Ñandú 🎶".encode())
        + part("file", audio, "a/../b.mp3")
        + part("tags", b" a, b ,,a")
        + part("year", b"2025")
        + part("is_public", b"false")
        + END
    )
    answer = await post(public, in_pieces(body, size), **{"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert_documented("platform", "uploadTrack", answer)
    assert store.is_whole
    assert (store.bytes, store.sha256.digest()) == (len(audio), sha256(audio).digest())
    [asked] = public.services.asked(ADD)
    assert isinstance(asked, AddTrackRequest)
    assert (asked.recording_id, asked.filename, asked.idempotency_key) == (RECORDING, "a/../b.mp3", "k")
    form = asked.form
    assert (form.title, list(form.tags), form.year, form.is_public) == ("Ñandú 🎶", ["a", "b"], 2025, False)
    assert not form.HasField("artist") and asked.file_tags.title == "Tag"


async def test_a_large_file_goes_through_in_bounded_chunks(public: Public) -> None:
    store = Store(public)
    whole = 32 * 1024 * 1024

    async def body() -> AsyncIterator[bytes]:
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n\r\n'.encode()
        for _ in range(32):
            yield b"\x01" * (whole // 32)
        yield b"\r\n" + END

    assert (await post(public, body())).status_code == 201
    assert store.bytes == whole and store.is_whole


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (END, 422, "file"),
        (part("title", b"x") + END, 422, "file"),
        (part("title", b"x"), 400, None),
        (part("file", b"x" * 100, "a.mp3")[:-10], 400, None),
        (part("sound", b"x", "a.mp3") + END, 422, "sound"),
        (part("file", b"x") + END, 422, "file"),
        (part("file", b"x", "a.mp3") + part("file", b"x", "b.mp3") + END, 422, "file"),
        (part("role", b"admin") + part("file", b"x", "a.mp3") + END, 422, "role"),
        (part("file", b"x", "a.mp3") + part("year", b"soon") + END, 422, "year"),
        (part("file", b"x", "a.mp3") + part("title", b" ") + END, 422, "title"),
        (part("file", b"x", "a.mp3") + part("title", b"a\x00b") + END, 422, "title"),
        (part("title", b"\xff") + END, 400, "title"),
        (part("description", b"x" * 40_000) + END, 413, None),
        (b"not multipart at all", 400, None),
        (b"", 400, None),
        (b"".join(part(f"f{n}", b"") for n in range(30)) + END, 400, None),
    ],
)  # fmt: skip
async def test_a_wrong_form_makes_no_track(public: Public, body: bytes, status: int, field: str | None) -> None:
    Store(public)
    answer = await post(public, body)
    assert answer.status_code == status
    assert_documented("platform", "uploadTrack", answer)
    if field:
        assert [d["field"] for d in answer.json()["error"]["details"]] == [field]
    assert public.services.asked(ADD) == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "", "multipart/form-data; boundary="]
)
async def test_a_body_of_another_type(public: Public, content_type: str) -> None:
    headers = public.bearer() | {"Content-Type": content_type}
    answer = await public.http.post(URL, content=END, headers=headers)
    assert answer.status_code == (400 if content_type.startswith("multipart") else 415)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Invalid(reason="QUOTA_EXCEEDED"), 413, "QUOTA_EXCEEDED"),
        (errors.Invalid(reason="TOO_LARGE"), 413, "PAYLOAD_TOO_LARGE"),
        (errors.Invalid(reason="UNSUPPORTED_MEDIA"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (errors.Unavailable(), 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_streaming_refuses_in_the_middle(public: Public, error: errors.Error, status: int, code: str) -> None:
    async def refuse(requests: AsyncIterator[ReceiveUploadRequest]) -> ReceiveUploadResponse:
        async for request in requests:
            if request.HasField("chunk"):
                raise error
        raise AssertionError("no chunk came")

    public.services.on(RECEIVE, refuse)
    answer = await post(public, in_pieces(part("file", b"x" * 2_000_000, "a.mp3") + END, 65536))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert public.services.asked(ADD) == []


async def test_a_client_that_goes_away_cancels_the_call(public: Public) -> None:
    store = Store(public)
    sending = asyncio.Event()
    first = part("file", b"x" * 100_000, "a.mp3")[:-2]
    scope = {
        "type": "http", "method": "POST", "path": URL, "raw_path": URL.encode(), "query_string": b"", "scheme": "http",
        "client": ("192.0.2.1", 1),
        "headers": [(k.lower().encode(), v.encode()) for k, v in (public.bearer() | MULTIPART).items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        if not sending.is_set():
            sending.set()
            return {"type": "http.request", "body": first, "more_body": True}
        await store.begun.wait()
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(public.built.app(scope, receive, send), 5)
    await asyncio.wait_for(store.ended.wait(), 5)
    assert not store.is_whole
    assert sent == [] and public.services.asked(ADD) == []


async def test_ten_uploads_an_hour_a_user(public: Public) -> None:
    Store(public)
    headers = public.bearer() | MULTIPART
    codes = [(await public.http.post(URL, content=END, headers=headers)).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
    assert (await post(public, END)).status_code == 422
