"""The picture in a file becomes the recording's cover, or the recording has none; it never fails for it."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from mutagen import id3
from PIL import Image
from soundstage.streaming.v1 import events_pb2 as pb

from services.streaming.artwork import domain, squares
from services.streaming.artwork.domain import LIMITS
from tests.integration.streaming.conftest import Streaming
from tests.support import audio
from tests.support.outbox import EVENTS

ID3: Any = id3  # mutagen types a part of its calls
NAMES = [f"cover-{size}x{size}.jpg" for size in (1000, 150, 480)]
AS_IT_CAME = "UPDATE recordings SET cover_object = 'recordings/' || id || '/cover.png'"


def with_cover(path: Path, picture: bytes) -> Path:
    tags = ID3.ID3()
    tags.add(ID3.APIC(encoding=ID3.Encoding.UTF8, mime="image/png", type=3, desc="", data=picture))
    tags.save(audio.make(path, 1.0))
    return path


def png(path: Path) -> bytes:
    Image.effect_noise((300, 200), 90).save(path, "png")
    return path.read_bytes()


async def ready(streaming: Streaming, file: Path) -> tuple[UUID, str]:
    """The recording and its cover, as told to everyone."""
    recording_id = (await streaming.receive(file)).recording_id
    await streaming.recordings.apply_track(streaming.track(recording_id))
    assert await streaming.processing().work_once()
    (event,) = await streaming.fetch(f"SELECT payload FROM {EVENTS} WHERE key = $1", str(recording_id))
    return recording_id, pb.RecordingReady.FromString(event["payload"]).cover_object  # type: ignore[arg-type]


def covers(streaming: Streaming, recording_id: UUID) -> list[str]:
    folder = streaming.stored / f"recordings/{recording_id}"
    return sorted(file.name for file in folder.glob("cover*"))


async def test_a_cover_is_there_in_three_sizes_and_not_as_it_came(streaming: Streaming, tmp_path: Path) -> None:
    file = with_cover(tmp_path / "a.mp3", png(tmp_path / "p.png"))
    recording_id, cover = await ready(streaming, file)
    assert cover == f"recordings/{recording_id}/cover-1000x1000.jpg"
    assert await streaming.fetch("SELECT cover_object FROM recordings") == [{"cover_object": cover}]
    await streaming.sweeper.sweep()
    assert covers(streaming, recording_id) == NAMES
    with Image.open(streaming.stored / cover) as square:
        assert (square.format, square.size) == ("JPEG", (1000, 1000))


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
async def test_a_bad_cover_is_none(streaming: Streaming, tmp_path: Path, share: float) -> None:
    whole = png(tmp_path / "p.png")
    file = with_cover(tmp_path / "a.mp3", whole[: max(16, int(len(whole) * share))])
    recording_id, cover = await ready(streaming, file)
    assert cover == ""
    await streaming.sweeper.sweep()
    assert covers(streaming, recording_id) == []


async def test_a_file_without_a_picture(streaming: Streaming, tmp_path: Path) -> None:
    recording_id, cover = await ready(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    assert (cover, covers(streaming, recording_id)) == ("", [])


@pytest.mark.parametrize(("mode", "suffix"), [("RGBA", "png"), ("RGBA", "webp"), ("I;16", "png"), ("CMYK", "jpg")])
async def test_the_largest_picture_fits_into_its_memory(tmp_path: Path, mode: str, suffix: str) -> None:
    width = squares.MAX_PIXELS // 6_000
    file = tmp_path / f"a.{suffix}"
    Image.new(mode, (width, 6_000)).save(file, lossless=True, progressive=True)
    assert await domain._draw(file, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("cover*")) == NAMES


async def test_what_takes_too_much_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGBA", (5_000, 5_000)).save(tmp_path / "a.png")
    for scarce in ({"memory_bytes": 200 * domain.MIB}, {"wall_seconds": 0.05}):
        monkeypatch.setattr(domain, "LIMITS", replace(LIMITS, **scarce))
        assert not await domain._draw(tmp_path / "a.png", tmp_path)
        assert not list(tmp_path.glob("cover*"))


async def test_covers_from_before_there_were_sizes_are_made(streaming: Streaming, tmp_path: Path) -> None:
    picture = png(tmp_path / "p.png")
    good, bad, lost = [
        (await ready(streaming, file))[0]
        for file in (
            with_cover(tmp_path / "a.mp3", picture),
            with_cover(tmp_path / "b.mp3", picture),
            audio.make(tmp_path / "c.mp3", 1.0),
        )
    ]
    await streaming.sweeper.sweep()
    for recording_id, content in ((good, picture), (bad, picture[:100])):
        folder = streaming.stored / f"recordings/{recording_id}"
        for name in NAMES:
            (folder / name).unlink()
        (folder / "cover.png").write_bytes(content)
    async with streaming.database.connection() as conn:
        await conn.execute(AS_IT_CAME)
    assert await made_by_command(streaming) == "3 covers are made."
    assert await made_by_command(streaming) == "0 covers are made."
    await streaming.sweeper.sweep()
    assert [covers(streaming, recording_id) for recording_id in (good, bad, lost)] == [NAMES, [], []]
    rows = await streaming.fetch("SELECT cover_object FROM recordings ORDER BY id")
    kept = f"recordings/{good}/cover-1000x1000.jpg"
    assert [row["cover_object"] for row in rows] == [kept, None, None]


async def made_by_command(streaming: Streaming) -> str:
    environ = os.environ | {
        "STREAMING_DATABASE_URL": streaming.url,
        "STREAMING_SPOOL_DIR": str(streaming.stored.with_name("spool")),
        "STORAGE_URL": streaming.stored.as_uri(),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.streaming", "make-covers"), env=environ, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().splitlines()[-1]


async def test_a_track_removed_while_its_cover_is_made_leaves_nothing(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id, _ = await ready(streaming, with_cover(tmp_path / "a.mp3", png(tmp_path / "p.png")))
    (streaming.stored / f"recordings/{recording_id}/cover.png").write_bytes(png(tmp_path / "p.png"))
    async with streaming.database.connection() as conn:
        await conn.execute(AS_IT_CAME)
    store = streaming.objects.put_folder

    async def overtaken(name: str, path: Path) -> None:
        await streaming.recordings.release_original(recording_id)
        await streaming.sweeper.sweep()
        await store(name, path)

    monkeypatch.setattr(streaming.objects, "put_folder", overtaken)
    await streaming.artwork.make_all()
    await streaming.sweeper.sweep()
    assert streaming.names() == []
