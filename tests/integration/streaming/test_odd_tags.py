"""Tags and covers as people's programs write them."""

import base64
from pathlib import Path
from typing import Any

import pytest
from mutagen import apev2, flac, id3

from services.streaming.artwork import squares
from services.streaming.media.probe import MAX_TAG_BYTES
from tests.integration.streaming.test_probe import probed, refused
from tests.support import audio

APE: Any = apev2
FLAC: Any = flac
ID3: Any = id3


@pytest.fixture
def mp3(tmp_path: Path) -> Path:
    return audio.make(tmp_path / "a.mp3", 1.0, options=("-write_xing", "0", "-id3v2_version", "0"))


def _picture(tmp_path: Path, kind: int) -> Any:
    picture = FLAC.Picture()
    picture.type, picture.mime = kind, "image/png"
    picture.data = audio.picture(tmp_path / f"{kind}.png").read_bytes() + bytes([kind])
    return picture


@pytest.mark.parametrize(("kinds", "cover"), [((4, 3), 3), ((1, 8, 0), 0), ((2, 4), 4), ((1,), 1)])
async def test_the_front_cover_before_others_and_icons_last(tmp_path: Path, kinds: tuple[int, ...], cover: int) -> None:
    file = audio.make(tmp_path / "a.flac", 1.0)
    tagged = FLAC.FLAC(file)
    for kind in kinds:
        tagged.add_picture(_picture(tmp_path, kind))
    tagged.save()
    await probed(file)
    assert (tmp_path / "cover").read_bytes()[-1] == cover


async def test_a_picture_in_a_comment_of_flac(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.flac", 1.0)
    tagged = FLAC.FLAC(file)
    tagged["metadata_block_picture"] = base64.b64encode(_picture(tmp_path, 3).write()).decode()
    tagged.save()
    assert (await probed(file)).cover_suffix == "png"


def test_a_jpeg_without_its_end_mark_is_drawn(tmp_path: Path) -> None:
    picture = audio.picture(tmp_path / "a.jpg")
    picture.write_bytes(picture.read_bytes().removesuffix(b"\xff\xd9"))
    squares.draw(picture, tmp_path)
    assert (tmp_path / "cover-150x150.jpg").exists()


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "m4a"])
async def test_a_date_of_eight_digits(tmp_path: Path, suffix: str) -> None:
    assert (
        await probed(audio.make(tmp_path / f"a.{suffix}", 1.0, options=("-metadata", "date=20190312")))
    ).tags.year == 2019


async def test_a_year_of_id3_that_is_a_date(mp3: Path) -> None:
    body = b"TYER\0\0\0\x09\0\0\x0020190312"
    mp3.write_bytes(b"ID3\x03\0\0\0\0\0" + bytes([len(body)]) + body + mp3.read_bytes())
    assert (await probed(mp3)).tags.year == 2019


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
async def test_all_artists(tmp_path: Path, suffix: str) -> None:
    file = audio.make(tmp_path / f"a.{suffix}", 1.0)
    tagged = __import__("mutagen").File(file)
    tagged["artist"] = ["Ana Lima", "Bo Ek", "Ana Lima"]
    tagged.save()
    assert (await probed(file)).tags.artist == "Ana Lima, Bo Ek"


async def test_all_artists_of_id3(mp3: Path) -> None:
    tags = ID3.ID3()
    tags.add(ID3.TPE1(encoding=ID3.Encoding.UTF8, text=["Ana Lima", "Bo Ek"]))
    tags.save(mp3)
    assert (await probed(mp3)).tags.artist == "Ana Lima, Bo Ek"


async def test_ape_tags_where_there_is_no_id3(mp3: Path) -> None:
    tags = APE.APEv2()
    tags["Title"], tags["Artist"], tags["Year"] = "Ape", "Somebody", "2003"
    tags.save(mp3)
    found = (await probed(mp3)).tags
    assert (found.title, found.artist, found.year) == ("Ape", "Somebody", 2003)


async def test_a_huge_tag_is_refused_by_its_header(mp3: Path) -> None:
    size = MAX_TAG_BYTES + 1024
    head = b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    mp3.write_bytes(head + bytes(size) + mp3.read_bytes())
    assert "tags have 32 MiB" in await refused(mp3)
