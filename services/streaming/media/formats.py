"""Which of the five formats a file is, by its first bytes; its name and the client's content type are not asked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.streaming.media.headers import first_frame, id3_bytes

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


def _is_ogg(head: bytes) -> bool:
    return head.startswith(b"OggS") and (b"\x01vorbis" in head[:512] or b"OpusHead" in head[:512])


MAGIC: dict[Format, Callable[[bytes], bool]] = {
    Format.FLAC: lambda head: head.startswith(b"fLaC"),
    Format.WAV: lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE",
    Format.OGG: _is_ogg,
    Format.M4A: lambda head: head[4:8] == b"ftyp",
}


def sniff(path: Path) -> Format | None:
    """MP3 has no magic: it is what has frames in a row, behind its tags or where a wrong size says that they end."""
    with path.open("rb") as file:
        start = id3_bytes(file)
        file.seek(start)
        head = file.read(HEAD_BYTES)
        known = next((known for known, matches in MAGIC.items() if matches(head)), None)
        if known is None and start < path.stat().st_size and first_frame(file, start) is not None:
            return Format.MP3
    return known


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
