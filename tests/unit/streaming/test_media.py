"""What is decided about a recording without looking at any sound."""

from pathlib import Path

import pytest

from services.streaming.media import hls, loudness, renditions, tags
from services.streaming.media.formats import Format, sniff
from services.streaming.media.probe import Sound, describe

SUMMARY = """[Parsed_ebur128_1 @ 0x1] [info] Summary:

  Integrated loudness:
    I:         {integrated} LUFS
    Threshold: -20.4 LUFS

  Loudness range:
    LRA:         6.1 LU
    Threshold: -30.4 LUFS

  True peak:
    Peak:       {peak} dBFS
"""


# 128 kbit/s at 44.1 kHz: 417 bytes.
FRAME = b"\xff\xfb\x90\x64" + bytes(413)


def sound(known: Format, bitrate: int, *, is_lossless: bool = False, rate: int = 44_100, channels: int = 2) -> Sound:
    return Sound(known, 3.0, bitrate, rate, channels, is_lossless)


@pytest.mark.parametrize(
    ("bitrate", "aac", "ts", "mp3"),
    [
        (320_000, (64, 128, 256), 128, 192),
        (192_000, (64, 128, 256), 128, 192),
        (138_000, (64, 128), 128, 128),
        (119_000, (64, 128), 128, 128),
        (110_000, (64, 128), 128, 128),
        (96_000, (64, 128), 128, 96),
        (68_000, (64,), 64, 64),
        (24_000, (64,), 64, 64),
    ],
)
def test_the_best_rendition_is_the_first_that_is_not_below_the_source(
    bitrate: int, aac: tuple[int, ...], ts: int, mp3: int
) -> None:
    plan = renditions.plan(sound(Format.OGG, bitrate))
    assert (plan.aac_kbits, plan.ts_kbits, plan.mp3_kbits) == (aac, ts, mp3)


def test_lossless_gets_all_and_an_uploaded_mp3_no_second_one() -> None:
    assert renditions.plan(sound(Format.FLAC, 300_000, is_lossless=True)).aac_kbits == (64, 128, 256)
    assert renditions.plan(sound(Format.MP3, 320_000)).mp3_kbits is None


@pytest.mark.parametrize(("rate", "ours"), [(44_100, 44_100), (48_000, 48_000), (88_200, 44_100), (8_000, 48_000)])
def test_rates_come_down_to_two(rate: int, ours: int) -> None:
    assert renditions.sample_rate_for(rate) == ours


def test_loudness_is_read_from_the_last_summary() -> None:
    log = SUMMARY.format(integrated="-1.0", peak="9.9") + "noise\n" + SUMMARY.format(integrated="-14.2", peak="-1.0")
    assert loudness.parse(log, 3.0) == loudness.Loudness(-14.2, 6.1, -1.0)


def test_loudness_of_silence_and_of_an_instant_is_null() -> None:
    assert loudness.parse(SUMMARY.format(integrated="-70.0", peak="-inf"), 3.0) == loudness.Loudness()
    assert loudness.parse(SUMMARY.format(integrated="-14.2", peak="-1.0"), 0.39) == loudness.Loudness()


def test_multivariant_playlist_states_peak_and_average() -> None:
    segments = [
        hls.Segment("a_0.m4s", 4.0, 60_000),
        hls.Segment("a_1.m4s", 4.0, 40_000),
        hls.Segment("a_2.m4s", 0.1, 9_000),
    ]
    assert hls.multivariant({"a.m3u8": segments}).splitlines()[2:] == [
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-STREAM-INF:BANDWIDTH=120000,AVERAGE-BANDWIDTH=107655,CODECS="mp4a.40.2"',
        "a.m3u8",
    ]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Naïve\tcafe\u0301 ", "Naïve café"),
        ("a\x00b\r\nc\x1bd", "a b c d"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("safe\u202egpj.exe", "safegpj.exe"),
        ("שלום\u200f", "שלום\u200f"),
        ("\ud800lone", "lone"),
        ("\x00\x07", None),
        ("x" * 10_000_000, "x" * 200),
    ],
)
def test_tags_are_one_clean_line(raw: str, kept: str | None) -> None:
    assert tags.clean(raw, 200) == kept


@pytest.mark.parametrize(
    ("raw", "year"), [("2025-03-01", 2025), ("℗ 1999", 1999), ("19991", None), ("", None), ("0042", None)]
)
def test_years_are_four_digits(raw: str, year: int | None) -> None:
    assert tags.year_of(raw) == year


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (FRAME * 4, Format.MP3),
        (FRAME * 2, Format.MP3),
        (FRAME, None),
        (b"\n" + FRAME * 4, Format.MP3),
        (b"ID3\x04\0\0\0\0\x02\x01" + b"\0" * 257 + FRAME * 4, Format.MP3),
        (b"ID3\x04\0\0\0\0\x00\x01" + b"\0" * 5000 + FRAME[7:] + FRAME * 4, Format.MP3),
        (b"RF64\xff\xff\xff\xffWAVEds64", Format.WAV),
        (b"ID3\x04\0\0\0\0\x00\x04" + b"\0" * 4 + b"fLaC" + b"\0" * 500, Format.FLAC),
        (b"RIFF\0\0\0\0WAVEfmt ", Format.WAV),
        (b"OggS" + b"\0" * 24 + b"OpusHead", Format.OGG),
        (b"OggS" + b"\0" * 24 + b"\x80theora", None),
        (b"\0\0\0\x20ftypM4A ", Format.M4A),
        (b"\xff\xfeh\0e\0l\0l\0o\0", None),
        (b"#EXTM3U\nfile:///etc/passwd\n", None),
        (b"ID3", None),
        (b"", None),
    ],
)
def test_formats_are_told_by_content(tmp_path: Path, head: bytes, known: Format | None) -> None:
    file = tmp_path / "song.mp3"
    file.write_bytes(head)
    assert sniff(file) is known


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40\x08\x02\0\0\0", "a picture"),
        (b"#EXTM3U\nsong.mp3", "a playlist"),
        (b"\xef\xbb\xbfffconcat version 1.0\nfile /etc/passwd", "a playlist"),
        (b"hello world, this is no song", "no audio that we know"),
    ],
)
def test_a_refusal_says_what_came(tmp_path: Path, head: bytes, words: str) -> None:
    file = tmp_path / "song.mp3"
    file.write_bytes(head)
    assert describe(file) == words
