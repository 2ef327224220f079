"""Files of strangers, good and bad, through magic, mutagen and one decoded second of real ffmpeg."""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from mutagen import flac, id3, oggvorbis

from services.streaming.media.probe import Probe, Refused, probe
from tests.support import audio

WORDS = {"title": "Naïve", "artist": "A/../B", "album": "C", "genre": "Rock", "date": "1999-12-31"}
TAGS = tuple(word for name, text in WORDS.items() for word in ("-metadata", f"{name}={text}"))
# Mutagen types a part of its calls.
ID3: Any = id3
OGG: Any = oggvorbis
FLAC: Any = flac
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


async def probed(path: Path) -> Probe:
    return await probe(path, path.with_name("cover"), audio.ffmpeg())


async def refused(path: Path) -> str:
    with pytest.raises(Refused) as refusal:
        await probed(path)
    return str(refusal.value)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "opus", "m4a"])
async def test_every_format_is_known_with_its_tags(tmp_path: Path, suffix: str) -> None:
    found = await probed(audio.make(tmp_path / f"a.{suffix}", 2.0, options=TAGS))
    assert found.sound.format == {"opus": "ogg"}.get(suffix, suffix)
    assert found.sound.is_lossless is (suffix in ("wav", "flac"))
    assert found.sound.seconds == pytest.approx(2.0, abs=0.1)
    words = found.tags
    assert (words.title, words.artist, words.album, words.genre, words.year) == ("Naïve", "A/../B", "C", "Rock", 1999)


async def test_the_name_decides_nothing(tmp_path: Path) -> None:
    audio.make(tmp_path / "a.flac", 1.0).rename(tmp_path / "a.mp3")
    assert (await probed(tmp_path / "a.mp3")).sound.format == "flac"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"\xff", "The file is no audio that we know."),
        (b"just some words, renamed to .mp3 " * 100, "The file is no audio that we know."),
        (PLAYLIST.encode(), "The file is a playlist."),
        (b"\xff\xfb\x90\x64" + PLAYLIST.encode() * 50, "The file is no audio that we know."),
        (b"RIFF\xff\xff\xff\x7fWAVE" + PLAYLIST.encode(), "damaged"),
        (b"\0\0\0\x20ftypM4A " + b"\0" * 400, "damaged"),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f", "The file is no audio that we know."),
        (b"OggS" + b"\0" * 24 + b"OpusHead" + b"\0" * 20, "cut short"),
    ],
)
async def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "song.mp3"
    file.write_bytes(content)
    assert reason in await refused(file)


async def test_a_picture_and_a_video_are_refused(tmp_path: Path) -> None:
    assert "a picture" in await refused(audio.picture(tmp_path / "a.png"))
    video = tmp_path / "a.mp4"
    sources = ("-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-f", "lavfi", "-i", "sine=d=1")
    audio.run(*sources, "-c:v", "mpeg4", "-c:a", "aac", video)
    assert "a video" in await refused(video)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "m4a"])
async def test_zero_seconds_are_refused(tmp_path: Path, suffix: str) -> None:
    whole = audio.make(tmp_path / f"whole.{suffix}", 1.0)
    empty = tmp_path / f"a.{suffix}"
    audio.run("-i", whole, "-t", "0", *audio.CODECS[suffix], empty)
    assert "The file" in await refused(empty)


async def test_an_ogg_that_was_cut_is_refused(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.ogg", 2.0)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert await refused(file) == "The file is cut short."


async def test_an_m4a_without_its_index_is_refused(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.m4a", 2.0)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "damaged or cut short" in await refused(file)


async def test_tags_of_ten_megabytes_are_cut(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.mp3", 1.0)
    tags = ID3.ID3()
    tags.add(ID3.TIT2(encoding=ID3.Encoding.UTF8, text="T" * 10_000_000))
    tags.save(file)
    assert (await probed(file)).tags.title == "T" * 200


async def test_a_tag_that_inflates_to_hundreds_of_megabytes_is_stopped(tmp_path: Path) -> None:
    deflater = zlib.compressobj(9)
    body = b"".join(deflater.compress(b"A" * 2**20) for _ in range(600)) + deflater.flush()
    frame = struct.pack(">4sIH", b"TIT2", len(body) + 4, 0x0080) + struct.pack(">I", 600 * 2**20) + body
    size = len(frame)
    head = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    file = tmp_path / "a.mp3"
    file.write_bytes(head + frame + audio.make(tmp_path / "b.mp3", 1.0).read_bytes())
    assert (await probed(file)).tags.title is None


async def test_tags_that_are_not_utf8_are_replaced_not_fatal(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.flac", 1.0, options=("-metadata", "title=XXXX"))
    file.write_bytes(file.read_bytes().replace(b"XXXX", b"\xff\xfe\x80Z"))
    title = (await probed(file)).tags.title
    assert title is not None and title.endswith("Z")


async def test_an_id3_tag_beyond_reading_leaves_the_sound(tmp_path: Path) -> None:
    sound = audio.make(tmp_path / "b.mp3", 1.0, options=("-write_id3v2", "0")).read_bytes()
    file = tmp_path / "a.mp3"
    file.write_bytes(b"ID3\x09\x09\xef\0\0\0\x0a" + b"\xff" * 10 + sound)
    assert (await probed(file)).tags.title is None


@pytest.mark.parametrize("suffix", ["mp3", "flac", "m4a"])
async def test_the_embedded_picture_is_taken_out(tmp_path: Path, suffix: str) -> None:
    picture, whole = audio.picture(tmp_path / "p.png"), audio.make(tmp_path / f"w.{suffix}", 1.0)
    file = tmp_path / f"a.{suffix}"
    audio.run(
        "-i", whole, "-i", picture, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic", file
    )
    assert (await probed(file)).cover_suffix == "png"
    assert (tmp_path / "cover").read_bytes() == picture.read_bytes()


async def test_a_picture_in_ogg_comments_and_one_that_is_none(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.ogg", 1.0)
    picture = FLAC.Picture()
    picture.data, picture.type, picture.mime = audio.picture(tmp_path / "p.jpg").read_bytes(), 3, "image/jpeg"
    tagged = OGG.OggVorbis(file)
    tagged["metadata_block_picture"] = ["!!!", base64.b64encode(picture.write()).decode()]
    tagged.save()
    assert (await probed(file)).cover_suffix == "jpg"


async def test_a_script_as_cover_is_no_cover(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.mp3", 1.0)
    tags = ID3.ID3()
    tags.add(ID3.APIC(encoding=ID3.Encoding.UTF8, mime="image/svg+xml", type=3, desc="", data=b"<svg onload=alert(1)>"))
    tags.add(ID3.TXXX(encoding=ID3.Encoding.UTF8, desc="x", text="\x00\x01"))
    tags.save(file)
    assert (await probed(file)).cover_suffix is None


@pytest.mark.parametrize(("rate", "channels", "codec"), [(192_000, 2, "pcm_s24le"), (384_000, 8, "pcm_f64le")])
async def test_the_finest_sound_fits_the_limits_of_a_trial(
    tmp_path: Path, rate: int, channels: int, codec: str
) -> None:
    file = tmp_path / "a.wav"
    tone = f"sine=d=3:r={rate}"
    audio.run("-f", "lavfi", "-i", tone, "-ac", str(channels), "-c:a", codec, file)
    for _ in range(5):
        assert (await probed(file)).sound.sample_rate == rate
