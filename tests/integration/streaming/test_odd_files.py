"""Odd files of kinds that people report of music servers: no sound is lost, and what is refused is told why."""

import struct
from pathlib import Path
from typing import Any

import pytest
from mutagen import apev2, flac, id3

from services.streaming.media.probe import Refused, probe
from services.streaming.media.transcode import Budget, Task, Transcoded, Undecodable, transcode
from tests.integration.streaming.test_probe import probed, refused
from tests.support import audio

APE: Any = apev2
FLAC: Any = flac
ID3: Any = id3
SECONDS = 2.0


async def completed(path: Path) -> Transcoded:
    """What becomes of an upload."""
    folder = path.with_suffix(".made")
    folder.mkdir()
    task = Task(path, (await probed(path)).sound, folder, lambda _: None)
    return await transcode(task, audio.ffmpeg(), Budget())


@pytest.fixture
def mp3(tmp_path: Path) -> Path:
    return audio.make(tmp_path / "a.mp3", SECONDS, options=("-write_xing", "0", "-id3v2_version", "0"))


TAG = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)


@pytest.mark.parametrize(
    "front",
    [
        b"\n",
        bytes(5000),
        TAG + bytes(5000),
        TAG + b"too small a size" * 9,
        b"APETAGEX" + bytes(100),
        b"\xff\xfb\x90" * 30,
    ],
    ids=["line feed", "padding", "padding behind a tag", "a tag that is longer", "APE in front", "bits of frames"],
)
async def test_whatever_is_before_the_first_frame(mp3: Path, front: bytes) -> None:
    plain = len(audio.decode(mp3))
    mp3.write_bytes(front + mp3.read_bytes())
    assert abs((await completed(mp3)).frames - plain) <= 1152


async def test_an_mp3_that_begins_within_a_frame(mp3: Path) -> None:
    plain = len(audio.decode(mp3))
    mp3.write_bytes(mp3.read_bytes()[100:])
    assert abs((await completed(mp3)).frames - plain) <= 2 * 1152


async def test_links_of_an_ogg(tmp_path: Path) -> None:
    """Of equal kind they are played to the end; of another they are never completed with half of the sound."""
    one, two = audio.make(tmp_path / "1.ogg", 1.0), audio.make(tmp_path / "2.ogg", 1.0)
    other = audio.make(tmp_path / "3.ogg", 1.0, rate=48_000)
    chained, changing = tmp_path / "same.ogg", tmp_path / "changing.ogg"
    chained.write_bytes(one.read_bytes() + two.read_bytes())
    changing.write_bytes(one.read_bytes() + other.read_bytes())
    assert (await completed(chained)).seconds == pytest.approx(2.0, abs=0.1)
    with pytest.raises(Undecodable, match="sample rate changes"):
        await completed(changing)


async def test_an_ogg_captured_on_its_way(tmp_path: Path) -> None:
    """Its granules, and their checksums, as if an hour had gone before."""
    file = audio.make(tmp_path / "a.ogg", SECONDS)
    file.write_bytes(_later(file.read_bytes(), 3600 * 44_100))
    assert (await completed(file)).seconds == pytest.approx(SECONDS, abs=0.1)


def _later(ogg: bytes, samples: int) -> bytes:
    made, at = bytearray(), 0
    while at < len(ogg):
        segments = ogg[at + 26]
        end = at + 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at:end])
        (granule,) = struct.unpack("<q", page[6:14])
        page[6:14] = struct.pack("<q", granule + samples if granule > 0 else granule)
        page[22:26] = bytes(4)
        page[22:26] = struct.pack("<I", _crc(page))
        made += page
        at = end
    return bytes(made)


def _crc(page: bytearray) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


@pytest.mark.parametrize(
    "title",
    ["No space left on device", "x\n[error] No space left on device", "Error during demuxing", "Integrated loudness:"],
)
async def test_no_word_of_a_tag_is_a_message(tmp_path: Path, title: str) -> None:
    made = await completed(audio.make(tmp_path / "a.flac", SECONDS, options=("-metadata", f"title={title}")))
    assert made.seconds == pytest.approx(SECONDS)
    assert made.loudness.integrated_lufs is not None
    assert made.loudness.integrated_lufs > -20


async def test_loudness_is_that_of_the_whole_when_the_channels_change(tmp_path: Path) -> None:
    loud = audio.make(tmp_path / "1.mp3", 3.0, options=("-write_xing", "0", "-id3v2_version", "0"))
    quiet = tmp_path / "2.mp3"
    audio.run("-i", loud, "-ac", "1", "-af", "volume=-30dB", "-c:a", "libmp3lame", "-write_xing", "0", quiet)
    both = tmp_path / "both.mp3"
    both.write_bytes(loud.read_bytes() + quiet.read_bytes())
    alone, whole = await completed(loud), await completed(both)
    assert alone.loudness.integrated_lufs and whole.loudness.integrated_lufs
    assert whole.loudness.integrated_lufs == pytest.approx(alone.loudness.integrated_lufs, abs=1.0)


async def test_a_variable_bitrate_is_judged_by_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.mp3"
    noise = "anoisesrc=r=44100:d=4:c=white,volume=0.5,adelay=1000:all=1"
    audio.run("-f", "lavfi", "-i", noise, "-c:a", "libmp3lame", "-q:a", "0", "-write_xing", "0", file)
    assert (await probed(file)).sound.bitrate > 90_000


async def test_pictures_of_chapters_are_no_video(tmp_path: Path) -> None:
    sound, still = audio.make(tmp_path / "a.m4a", 3.0), audio.picture(tmp_path / "a.png")
    book = tmp_path / "book.m4b"
    pictures = ("-loop", "1", "-r", "1", "-t", "3", "-i", still)
    audio.run("-i", sound, *pictures, "-c:a", "copy", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mp4", book)
    assert (await completed(book)).seconds == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "m4a"])
async def test_unreadable_tags_around_intact_sound(tmp_path: Path, suffix: str) -> None:
    file = audio.make(tmp_path / f"a.{suffix}", SECONDS, options=("-metadata", "title=Readable"))
    content = file.read_bytes()
    if suffix == "wav":
        content += b"id3 \x20\0\0\0" + b"ID3\x09\xff\xff" + b"\xff" * 26
    else:
        at = content.index(b"Readable")
        content = content[: at - 4] + b"\xff\xff\xff\x7f" + content[at:]
    if suffix == "ogg":  # the page's checksum would give it away as damaged
        content = _later(content, 0)
    file.write_bytes(content)
    assert (await completed(file)).seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("kind", ["zero", "riff", "rf64", "bw64", "unknown"])
async def test_wav_sizes_that_were_never_filled_in(tmp_path: Path, kind: str) -> None:
    file = audio.make(tmp_path / "a.wav", SECONDS)
    whole = file.read_bytes()
    sound = whole[whole.index(b"data") + 8 :]
    plain = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16) + b"data"
    size = struct.pack("<I", len(sound))
    long = b"WAVEds64" + struct.pack("<IQQQI", 28, len(whole), len(sound), len(sound) // 4, 0)
    made = {
        "zero": b"RIFF\0\0\0\0" + plain + b"\0\0\0\0",
        "riff": b"RIFF\0\0\0\0" + plain + size,
        "rf64": b"RF64\xff\xff\xff\xff" + long + plain[4:] + b"\xff\xff\xff\xff",
        "bw64": b"BW64\xff\xff\xff\xff" + long + plain[4:] + b"\xff\xff\xff\xff",
        "unknown": b"RIFF\xff\xff\xff\xff" + plain + b"\xff\xff\xff\xff",
    }
    file.write_bytes(made[kind] + sound)
    assert (await completed(file)).seconds == pytest.approx(SECONDS)


async def test_a_wav_that_lacks_what_it_states_is_cut_short(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.wav", SECONDS)
    file.write_bytes(file.read_bytes()[:-100_000])
    with pytest.raises(Undecodable, match="ends early"):
        await completed(file)


async def test_a_tag_in_front_of_an_ogg(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.ogg", SECONDS, options=("-metadata", "title=Its own"))
    file.write_bytes(TAG + file.read_bytes())
    assert (await probed(file)).tags.title == "Its own"
    assert (await completed(file)).seconds == pytest.approx(SECONDS, abs=0.1)


async def test_a_sample_that_is_no_number_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    audio.run("-i", audio.make(tmp_path / "b.wav", 1.0), "-c:a", "pcm_f32le", file)
    whole = bytearray(file.read_bytes())
    whole[-4000:-3996] = struct.pack("<f", float("nan"))
    file.write_bytes(whole)
    with pytest.raises(Undecodable, match="not numbers"):
        await completed(file)


@pytest.mark.parametrize(("entry", "text"), [(b"enca", "protected"), (b"ac-3", "AC-3"), (b"samr", "AMR")])
async def test_what_cannot_be_decoded_here_is_named(tmp_path: Path, entry: bytes, text: str) -> None:
    file = audio.make(tmp_path / "a.m4a", 1.0)
    file.write_bytes(file.read_bytes().replace(b"mp4a", entry, 1))
    assert text in await refused(file)


@pytest.mark.parametrize(
    ("words", "suffix", "text"),
    [
        (("-c:a", "pcm_s16be"), "aiff", "AIFF"),
        (("-c:a", "wmav2"), "wma", "WMA"),
        (("-c:a", "wavpack"), "wv", "WavPack"),
        (("-c:a", "flac", "-f", "ogg"), "oga", "Ogg FLAC"),
        (("-c:a", "libmp3lame"), "wav", "MP3"),
    ],
)
async def test_formats_that_are_not_taken_are_named(
    tmp_path: Path, words: tuple[str, ...], suffix: str, text: str
) -> None:
    file = tmp_path / f"b.{suffix}"
    audio.run("-i", audio.make(tmp_path / "a.wav", 1.0), *words, file)
    with pytest.raises(Refused, match=f"{text}.*not supported") as refusal:
        await probe(file, tmp_path / "cover", audio.ffmpeg())
    assert refusal.value.is_unsupported


async def test_numbers_that_no_recording_has(tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.wav", 1.0)
    whole = bytearray(file.read_bytes())
    whole[24:28] = struct.pack("<I", 70_000_000)
    file.write_bytes(whole)
    assert "70000000 Hz" in await refused(file)
