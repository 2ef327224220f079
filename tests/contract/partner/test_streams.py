"""A stream's manifest, whose names carry their own permission."""

import pytest

from chassis import errors
from gateway.contracts.partner.streams.manifest import with_links
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.partner.conftest import FOLDER, OPEN, STREAM_ID, client, delegation, session

PATH = f"/partner/v1/streams/{STREAM_ID}/manifest.m3u8"
PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXTINF:4.000,
ts_0.ts
#EXTINF:1.500,
ts_1.ts
#EXT-X-ENDLIST
"""
SEGMENTS = {"ts_0.ts": b"first", "ts_1.ts": b"second"}


@pytest.fixture
def playing(partner: Public) -> Public:
    folder = partner.storage / FOLDER
    folder.mkdir(parents=True)
    (folder / "ts.m3u8").write_text(PLAYLIST)
    for name, content in SEGMENTS.items():
        (folder / name).write_bytes(content)
    return partner


async def test_a_manifest_plays_without_a_header(playing: Public) -> None:
    for headers in (delegation(playing), session(playing)):
        # A range belongs to the client's request, not to our reading of the object.
        answer = await playing.http.get(PATH, headers=headers | {"Range": "bytes=0-1", "If-None-Match": "*"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert answer.headers["cache-control"] == "private, max-age=0"
        assert_documented("partner", "getStreamManifest", answer)
        lines = answer.text.splitlines()
        assert [line for line in lines if line.startswith("#")] == [
            tag for tag in PLAYLIST.splitlines() if tag[0] == "#"
        ]
        for url, content in zip([u for u in lines if not u.startswith("#")], SEGMENTS.values(), strict=True):
            assert url.startswith("http://music.test/media/")
            segment = await playing.http.get(url)
            assert (segment.status_code, segment.content) == (200, content)
            assert "immutable" in segment.headers["cache-control"]
    assert [asked.stream_id for asked in playing.services.asked(OPEN)] == [STREAM_ID] * 2


@pytest.mark.parametrize(
    ("error", "status"),
    [(errors.NotFound(), 404), (errors.Forbidden(), 403), (errors.Unavailable(), 503)],
)
async def test_streaming_decides(playing: Public, error: errors.Error, status: int) -> None:
    playing.services.refuse(OPEN, error)
    answer = await playing.http.get(PATH, headers=delegation(playing))
    assert (answer.status_code, list(answer.json())) == (status, ["message"])
    assert_documented("partner", "getStreamManifest", answer)


async def test_a_playlist_that_is_gone(playing: Public) -> None:
    (playing.storage / FOLDER / "ts.m3u8").unlink()
    assert (await playing.http.get(PATH, headers=delegation(playing))).status_code == 404


async def test_who_may_ask(playing: Public) -> None:
    for headers in (client(playing), playing.bearer("access")):
        answer = await playing.http.get(PATH, headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"message": "This action is unauthorized."})
    answer = await playing.http.get(PATH)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert not playing.services.asked(OPEN)


async def test_a_stream_id_that_cannot_be_read(playing: Public) -> None:
    answer = await playing.http.get("/partner/v1/streams/nonsense/manifest.m3u8", headers=delegation(playing))
    assert (answer.status_code, answer.json()) == (404, {"message": "Not found."})
    assert not playing.services.asked(OPEN)


def test_names_in_tags_are_links_too() -> None:
    lines = {
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="1@0"\r\n': '#EXT-X-MAP:URI="/s/init.mp4",BYTERANGE="1@0"\r\n',
        '#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8"\n': '#EXT-X-MEDIA:TYPE=AUDIO,URI="/s/a.m3u8"\n',
        "\r\n": "\r\n",
        "128k.m3u8\r\n": "/s/128k.m3u8\r\n",
        "# init.mp4": "# init.mp4",
    }
    assert with_links("".join(lines), lambda name: f"/s/{name}") == "".join(lines.values())
