"""Reads what a file says of itself, as a script in a limited process of its own (`python tags.py FILE FORMAT COVER`).

A tag may be 100 MB long, or a few KB that inflate to gigabytes; neither may happen in the memory of the service.
Imports mutagen and nothing of ours, so it starts quickly. Prints one JSON object; the picture goes to COVER.
"""

import base64
import binascii
import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import mutagen
from mutagen.flac import FLAC, Picture
from mutagen.flac import error as FlacError
from mutagen.mp3 import MP3, BitrateMode, MPEGInfo
from mutagen.mp4 import MP4
from mutagen.mp4._atom import Atoms
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

LENGTHS = {"title": 200, "artist": 200, "album": 200, "genre": 64}
MAX_COVER_BYTES = 10 * 1024 * 1024
ID3 = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "genre": "TCON", "year": "TDRC"}
VORBIS = {"title": "title", "artist": "artist", "album": "album", "genre": "genre", "year": "date"}
ATOMS = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "genre": "\xa9gen", "year": "\xa9day"}
RIFF = {"title": b"INAM", "artist": b"IART", "album": b"IPRD", "genre": b"IGNR", "year": b"ICRD"}
# Embeddings and overrides of direction can make a name swallow the text around it; the two plain marks stay.
DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
UNKNOWN_WAV_BYTES = 0x7FFF0000  # a writer to a pipe cannot seek back to fill in the size


def clean(text: str, length: int) -> str | None:
    """One line of NFC text without control characters, lone surrogates and overrides, at most `length` long."""
    text = DIRECTION.sub("", unicodedata.normalize("NFC", text[: length * 20]))
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(text.split())[:length].strip() or None


def year_of(text: str) -> int | None:
    found = re.search(r"(?<!\d)[1-9]\d{3}(?!\d)", text[:64])
    return int(found[0]) if found else None


def _first(value: Any) -> str:
    value = getattr(value, "text", value)
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _genre(tags: Any) -> str:
    # ID3 writes some genres as numbers; mutagen translates them.
    return str((getattr(tags.get("TCON"), "genres", None) or [""])[0])


def _fields(file: Any, known: str) -> dict[str, str]:
    tags: Any = file.tags if file.tags is not None else {}
    names = {"mp3": ID3, "wav": ID3, "m4a": ATOMS}.get(known, VORBIS)
    found = {field: _first(tags[name]) for field, name in names.items() if name in tags}
    if names is ID3 and "TCON" in tags:
        found["genre"] = _genre(tags)
    return found


def _chunks(path: Path, start: int, end: int) -> Any:
    with path.open("rb") as file:
        while start + 8 <= end:
            file.seek(start)
            head = file.read(8)
            size = int.from_bytes(head[4:], "little")
            yield head[:4], start + 8, size, file
            start += 8 + size + size % 2


def riff_fields(path: Path) -> dict[str, str]:
    """The LIST INFO chunk of a WAV file, which mutagen does not read; its text has no declared encoding."""
    found = {}
    for name, at, size, file in _chunks(path, 12, path.stat().st_size):
        file.seek(at)
        if name != b"LIST" or file.read(4) != b"INFO":
            continue
        for key, place, length, inner in _chunks(path, at + 4, at + min(size, 1 << 20)):
            inner.seek(place)
            found[key] = inner.read(min(length, 4096)).split(b"\0")[0]
    return {field: _decode(found[key]) for field, key in RIFF.items() if key in found}


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _pictures(file: Any) -> list[bytes]:
    tags: Any = file.tags if file.tags is not None else {}
    if isinstance(file, FLAC):
        return [p.data for p in file.pictures]
    if isinstance(file, MP4):
        return [bytes(p) for p in tags.get("covr", [])]
    if isinstance(file, OggVorbis | OggOpus):
        return [_embedded(text) for text in tags.get("metadata_block_picture", [])]
    return [frame.data for name, frame in tags.items() if name.startswith("APIC")]


def _embedded(text: str) -> bytes:
    try:
        return bytes(Picture(base64.b64decode(text)).data)  # type: ignore[no-untyped-call]
    except (binascii.Error, FlacError, ValueError):
        return b""


def picture_suffix(picture: bytes) -> str | None:
    if picture.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else None


def _open(path: Path, known: str) -> Any:
    if known == "ogg":
        with path.open("rb") as file:
            return (OggOpus if b"OpusHead" in file.read(512) else OggVorbis)(path)
    return OPENERS[known](path)


OPENERS: dict[str, Any] = {"mp3": MP3, "flac": FLAC, "wav": WAVE, "m4a": MP4}


class Untagged:
    """An MP3 with an unreadable tag but playable audio."""

    tags = None

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.info = MPEGInfo(file)


def _length(info: Any, known: str, size: int) -> float | None:
    """Seconds, if the file states them; an estimate from its size would make intact files look truncated."""
    if known == "mp3" and info.bitrate_mode == BitrateMode.UNKNOWN:
        return None
    if known == "wav" and info.length * info.bitrate / 8 >= UNKNOWN_WAV_BYTES:
        return None
    return float(info.length) or None


def _sound(info: Any, known: str, size: int) -> dict[str, Any]:
    length = _length(info, known, size)
    stated = int(getattr(info, "bitrate", 0) or 0)
    return {
        "seconds": length,
        "bitrate": stated or (int(size * 8 / length) if length else 0),
        "sample_rate": int(getattr(info, "sample_rate", 0) or 48_000),
        "channels": int(getattr(info, "channels", 2) or 2),
        "is_lossless": known in ("flac", "wav") or getattr(info, "codec", "") == "alac",
    }


def _has_video(path: Path) -> bool:
    with path.open("rb") as file:
        for track in Atoms(file)[b"moov"].findall(b"trak"):
            ok, body = track[b"mdia", b"hdlr"].read(file)
            if ok and body[8:12] == b"vide":
                return True
    return False


def read(path: Path, known: str, cover: Path) -> dict[str, Any]:
    """Raises mutagen.MutagenError if the file is not what its first bytes suggest."""
    file: Any
    try:
        file = _open(path, known)
    except mutagen.MutagenError:
        if known != "mp3":
            raise
        file = Untagged(path)
    if known == "m4a" and _has_video(path):
        raise mutagen.MutagenError("video")
    fields = ({} if known != "wav" else riff_fields(path)) | _fields(file, known)
    found: dict[str, Any] = _sound(file.info, known, path.stat().st_size)
    found |= {name: clean(fields.get(name, ""), length) for name, length in LENGTHS.items()}
    return found | {"year": year_of(fields.get("year", "")), "cover": _keep(_pictures(file), cover)}


def _keep(pictures: list[bytes], cover: Path) -> str | None:
    for picture in pictures:
        suffix = picture_suffix(picture)
        if suffix and len(picture) <= MAX_COVER_BYTES:
            cover.write_bytes(picture)
            return suffix
    return None


def main() -> int:
    try:
        found = read(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except (mutagen.MutagenError, ValueError, KeyError, IndexError, EOFError, TypeError, AttributeError) as error:
        found = {"refused": "video" if str(error) == "video" else "damaged"}
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
