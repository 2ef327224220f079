"""Signed media over the wire: what a link opens, ranges, and what it never opens."""

from pathlib import Path

import pytest
from starlette.types import Message

from chassis import clock
from tests.contract.conftest import Public

RECORDING = "018f3c1e-0000-7000-8000-0000000000bb"
OTHER = "018f3c1e-0000-7000-8000-0000000000cc"
SEGMENT = bytes(range(256)) * 16


def _link(public: Public, name: str = "main.m3u8") -> str:
    folder = public.storage / "recordings" / RECORDING
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "main.m3u8").write_text("#EXTM3U\n")
        (folder / "s1.m4s").write_bytes(SEGMENT)
        (folder / "large.mp3").write_bytes(SEGMENT * 1024)
        (public.storage / "secret").write_text("secret")
    return public.built.parts.media.folder_link("http://music.test", f"recordings/{RECORDING}", name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("main.m3u8", "application/vnd.apple.mpegurl"), ("s1.m4s", "audio/mp4"), ("large.mp3", "audio/mpeg")],
)
async def test_one_signature_opens_its_folder(public: Public, name: str, kind: str) -> None:
    playlist = _link(public)
    answer = await public.http.get(playlist.replace("main.m3u8", name))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.content == (public.storage / "recordings" / RECORDING / name).read_bytes()
    assert ("immutable" in answer.headers["Cache-Control"]) == (name != "main.m3u8")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    head = await public.http.head(playlist.replace("main.m3u8", name))
    assert (head.status_code, head.content) == (200, b"")
    for header in ("Content-Length", "ETag", "Content-Type", "Accept-Ranges"):
        assert head.headers[header] == answer.headers[header]


@pytest.mark.parametrize(
    ("range_", "status", "content_range", "part"),
    [
        ("bytes=0-9", 206, "bytes 0-9/4096", slice(0, 10)),
        ("bytes=4090-", 206, "bytes 4090-4095/4096", slice(4090, None)),
        ("bytes=-6", 206, "bytes 4090-4095/4096", slice(4090, None)),
        ("bytes=-9999", 206, "bytes 0-4095/4096", slice(None)),
        ("bytes=4000-9999", 206, "bytes 4000-4095/4096", slice(4000, None)),
        ("bytes=4096-", 416, "bytes */4096", None),
        ("bytes=9999-10000", 416, "bytes */4096", None),
        ("bytes=-0", 416, "bytes */4096", None),
        ("bytes=5-1", 200, None, slice(None)),
        ("bytes=0-1,3-4", 200, None, slice(None)),
        ("pages=1-2", 200, None, slice(None)),
        ("bytes=-", 200, None, slice(None)),
    ],
)
async def test_ranges(public: Public, range_: str, status: int, content_range: str | None, part: slice | None) -> None:
    answer = await public.http.get(_link(public, "s1.m4s"), headers={"Range": range_})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, content_range)
    if part is not None:
        assert answer.content == SEGMENT[part]


async def test_a_range_of_a_large_object_is_streamed(public: Public) -> None:
    answer = await public.http.get(_link(public, "large.mp3"), headers={"Range": "bytes=1-"})
    whole = SEGMENT * 1024
    assert (answer.status_code, answer.headers["Content-Length"]) == (206, str(len(whole) - 1))
    assert answer.content == whole[1:]


async def test_what_has_not_changed_is_not_sent_again(public: Public) -> None:
    link = _link(public, "s1.m4s")
    etag = (await public.http.get(link)).headers["ETag"]
    same = await public.http.get(link, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    old = await public.http.get(link, headers={"If-Range": '"old"', "Range": "bytes=0-1"})
    assert (old.status_code, len(old.content)) == (200, len(SEGMENT))
    current = await public.http.get(link, headers={"If-Range": etag, "Range": "bytes=0-1"})
    assert current.status_code == 206


@pytest.mark.parametrize(
    "name",
    [
        "../../secret",
        "%2e%2e/%2e%2e/secret",
        "..%2f..%2fsecret",
        "/etc/passwd",
        "",
        ".",
        "s1.m4s/",
        "s1.m4s%00",
        "a//b",
    ],
)
async def test_a_name_cannot_leave_its_folder(public: Public, name: str) -> None:
    prefix = _link(public, "")
    scope_path = prefix.removeprefix("http://music.test") + name
    status = await _raw(public, scope_path)
    assert status == 403


@pytest.mark.parametrize("change", [RECORDING[:-1] + "c", OTHER])
async def test_a_signature_opens_no_other_folder(public: Public, change: str) -> None:
    link = _link(public)
    folder = public.storage / "recordings" / OTHER
    folder.mkdir(parents=True)
    (folder / "main.m3u8").write_text("#EXTM3U\n")
    assert (await public.http.get(link.replace(RECORDING, change))).status_code == 403


async def test_a_changed_or_old_signature_opens_nothing(public: Public, monkeypatch: pytest.MonkeyPatch) -> None:
    link = _link(public)
    signature = link.split("/")[4]
    kind, key_id, until, mac = signature.split(".")
    for forged in (
        f"{kind}.{key_id}.{int(until) + 1}.{mac}", f"{kind}.other.{until}.{mac}", f"o.{key_id}.{until}.{mac}",
        f"{kind}.{key_id}.{until}.{'A' * 22}", "x", f"{kind}.{key_id}.{until}.",
    ):  # fmt: skip
        assert (await public.http.get(link.replace(signature, forged))).status_code == 403
    assert (await public.http.get(link)).status_code == 200
    shifted = clock.utc_now
    monkeypatch.setattr(clock, "utc_now", lambda: shifted().fromtimestamp(int(until), shifted().tzinfo))
    assert (await public.http.get(link)).status_code == 403


async def test_a_cover_needs_no_signature_and_opens_nothing_else(public: Public) -> None:
    _link(public)
    folder = public.storage / "recordings" / RECORDING
    for name in ("cover-480x480.jpg", "cover.jpg", "cover-480x480.jpg.m4s"):
        (folder / name).write_bytes(b"a picture")
    cover = public.built.parts.media.cover_link("http://music.test", f"recordings/{RECORDING}/cover-1.jpg", "480x480")
    answer = await public.http.get(cover)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"a picture", "image/jpeg")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = await public.http.get(cover, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert (await public.http.get(cover.replace("480x480", "150x150"))).status_code == 404
    for name in ("cover.jpg", "main.m3u8", "s1.m4s", "cover-480x480.jpg.m4s", "cover-480x480.jpg/../main.m3u8"):
        path = f"/media/recordings/{RECORDING}/{name}"
        assert await _raw(public, path) == 403, name
    assert await _raw(public, f"/media/originals/{RECORDING}/cover-480x480.jpg") == 403


async def test_missing_objects_and_methods(public: Public, tmp_path: Path) -> None:
    assert (await public.http.get(_link(public, "nothing.m4s"))).status_code == 404
    assert (await public.http.post(_link(public))).status_code == 405


async def _raw(public: Public, path: str) -> int:
    """The status for exactly this path; HTTP clients would tidy it up."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "scheme": "http", "client": ("192.0.2.1", 1),
    }  # fmt: skip
    await public.built.app(scope, receive, send)
    return statuses[0]
