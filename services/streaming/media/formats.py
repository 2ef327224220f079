"""Which of the five formats a file is, by its first bytes; its name and the client's content type are not asked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 4096
PCM = "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw"


class Format(StrEnum):
    MP3 = "mp3"
    FLAC = "flac"
    WAV = "wav"
    OGG = "ogg"
    M4A = "m4a"


@dataclass(frozen=True)
class Demuxing:
    """What ffmpeg is forced to: a container, and the only decoders it may open for it."""

    demuxer: str
    decoders: str


DEMUXING = {
    Format.MP3: Demuxing("mp3", "mp3float,mp3"),
    Format.FLAC: Demuxing("flac", "flac"),
    Format.WAV: Demuxing("wav", f"{PCM},adpcm_ms,adpcm_ima_wav"),
    Format.OGG: Demuxing("ogg", "vorbis,opus,libopus,libvorbis"),
    Format.M4A: Demuxing("mov", "aac,aac_fixed,alac"),
}


def _is_mp3(head: bytes) -> bool:
    frame = head.lstrip(b"\0")[:4]
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return False
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    bitrate, rate = frame[2] >> 4, frame[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate != 15 and rate != 3


def _is_ogg(head: bytes) -> bool:
    return head.startswith(b"OggS") and (b"\x01vorbis" in head[:512] or b"OpusHead" in head[:512])


MAGIC: dict[Format, Callable[[bytes], bool]] = {
    Format.FLAC: lambda head: head.startswith(b"fLaC"),
    Format.WAV: lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE",
    Format.OGG: _is_ogg,
    Format.M4A: lambda head: head[4:8] == b"ftyp",
    Format.MP3: _is_mp3,
}


def _skip_id3(file: BinaryIO) -> bytes:
    """The first bytes behind any ID3v2 tags; their size is 28 bits in four bytes (id3.org, ID3v2.4 section 3.1)."""
    at = 0
    for _ in range(4):
        file.seek(at)
        head = file.read(HEAD_BYTES)
        if len(head) < 10 or not head.startswith(b"ID3"):
            return head
        size = head[6:10]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if head[5] & 0x10 else 0)
    return b""


def sniff(path: Path) -> Format | None:
    with path.open("rb") as file:
        head = _skip_id3(file)
    return next((known for known, matches in MAGIC.items() if matches(head)), None)


def is_cut_short(path: Path, known: Format) -> bool:
    """Whether an Ogg file stops inside a page; other formats state their length, which is compared after decoding."""
    if known is not Format.OGG:
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 70_000))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    return len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]])
