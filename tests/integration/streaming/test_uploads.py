import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.errors import Invalid, Unauthenticated
from chassis.principal import ANONYMOUS
from services.streaming.storage.objects import Objects
from services.streaming.uploads.domain import Uploads
from tests.integration.streaming.conftest import CHUNK, FILE_BYTES, Streaming, chunks_of
from tests.support import audio

LEFT = "SELECT (SELECT count(*) FROM uploads) AS uploads, (SELECT count(*) FROM recordings) AS recordings"


async def test_a_file_becomes_an_object_and_a_recording(streaming: Streaming, tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.flac", 2.0, options=("-metadata", "title=Tune"))
    received = await streaming.receive(file)
    assert received.sha256 == hashlib.sha256(file.read_bytes()).digest()
    assert received.md5 == hashlib.md5(file.read_bytes()).digest()
    assert (received.format, received.tags.title, received.size_bytes) == ("flac", "Tune", file.stat().st_size)
    assert streaming.names() == [f"originals/{received.recording_id}"]
    assert (streaming.stored / streaming.names()[0]).read_bytes() == file.read_bytes()
    assert await streaming.fetch(LEFT) == [{"uploads": 0, "recordings": 1}]


async def test_a_client_that_goes_away_leaves_nothing(streaming: Streaming, tmp_path: Path) -> None:
    content, half_way = audio.make(tmp_path / "a.wav", 3.0).read_bytes(), asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        yield content[:CHUNK]
        half_way.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(streaming.uploads.receive(streaming.owner, len(content), broken()))
    await half_way.wait()
    assert (await streaming.fetch("SELECT reserved_bytes FROM uploads")) == [{"reserved_bytes": len(content)}]
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await streaming.fetch(LEFT) == [{"uploads": 0, "recordings": 0}]
    assert streaming.names() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "INVALID"),
        (b"no song at all", "UNSUPPORTED_MEDIA"),
        (b"\xff\xfb\x90\x64junk", "UNSUPPORTED_MEDIA"),
        (b"RIFF    WAVEjunk", "INVALID"),
    ],
)
async def test_what_is_refused_leaves_nothing(streaming: Streaming, content: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await streaming.uploads.receive(streaming.owner, len(content), chunks_of(content))
    assert refusal.value.reason == reason and refusal.value.fields[0].field == "file"
    assert await streaming.fetch(LEFT) == [{"uploads": 0, "recordings": 0}]
    assert streaming.names() == []


@pytest.mark.parametrize("declared", [0, FILE_BYTES + 1])
async def test_too_large_is_refused_as_soon_as_it_is_known(streaming: Streaming, declared: int) -> None:
    with pytest.raises(Invalid) as refusal:
        await streaming.uploads.receive(streaming.owner, declared, chunks_of(b"\0" * (FILE_BYTES + 1)))
    assert refusal.value.reason == "TOO_LARGE"
    assert await streaming.fetch(LEFT) == [{"uploads": 0, "recordings": 0}]


async def test_uploads_at_once_do_not_pass_the_quota_together(streaming: Streaming, tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.wav", 11.0)  # 1.9 MB; two fit into 5 MB
    tries = (streaming.receive(file, file.stat().st_size) for _ in range(4))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [o.reason for o in outcomes if isinstance(o, Invalid)]
    assert refused == ["QUOTA_EXCEEDED"] * 2
    assert len(streaming.names()) == 2


async def test_a_removed_recording_leaves_the_quota(streaming: Streaming, tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.wav", 15.0)
    received = await streaming.receive(file)
    with pytest.raises(Invalid, match="quota"):
        await streaming.receive(file)
    await streaming.recordings.release_original(received.recording_id)
    await streaming.receive(file)


async def test_the_embedded_cover_is_an_object(streaming: Streaming, tmp_path: Path) -> None:
    whole, file = audio.make(tmp_path / "w.mp3", 1.0), tmp_path / "a.mp3"
    audio.run("-i", whole, "-i", audio.picture(tmp_path / "p.png"), "-map", "0", "-map", "1", "-c", "copy", file)
    received = await streaming.receive(file)
    assert f"recordings/{received.recording_id}/cover.png" in streaming.names()


async def test_a_failed_commit_takes_its_objects_along(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Uploads, *_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Uploads, "_commit", fail)
    with pytest.raises(Exception, match="no room"):
        await streaming.receive(audio.make(tmp_path / "a.mp3", 1.0))
    assert streaming.names() == []


async def test_nobody_uploads_without_an_account(streaming: Streaming) -> None:
    with pytest.raises(Unauthenticated):
        await streaming.uploads.receive(ANONYMOUS, 0, chunks_of(b""))


async def test_what_a_killed_process_left_is_swept(streaming: Streaming, tmp_path: Path) -> None:
    received = await streaming.receive(audio.make(tmp_path / "a.mp3", 1.0))
    async with streaming.database.connection() as conn:
        await conn.execute("DELETE FROM recordings")
        await conn.execute(
            "INSERT INTO uploads (id, owner_id, reserved_bytes) VALUES ($1, $1, 5)", received.recording_id
        )
    await streaming.sweeper.sweep()
    assert await streaming.fetch(LEFT) == [{"uploads": 0, "recordings": 0}]
    assert streaming.names() == []


async def test_objects_under_a_prefix_that_is_not_there(tmp_path: Path) -> None:
    assert await Objects(tmp_path.as_uri()).delete("recordings/none") == 0
