"""Reads what a file says of itself, in a limited process of its own: `main` with FILE FORMAT COVER.

A tag may be 100 MB long, or a few KB that inflate to gigabytes; neither may happen in the memory of the service.
Imports mutagen and little of ours, so it starts quickly. Prints one JSON object; the picture goes to COVER.
"""

import base64
import binascii
import io
import json
import re
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

import mutagen
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture, StreamInfo
from mutagen.flac import error as FlacError
from mutagen.id3 import ID3 as ID3Tags
from mutagen.mp3 import MP3, BitrateMode, MPEGInfo
from mutagen.mp4 import MP4, MP4Info
from mutagen.mp4._atom import Atoms
from mutagen.ogg import OggPage
from mutagen.oggopus import OggOpus, OggOpusInfo
from mutagen.oggvorbis import OggVorbis, OggVorbisInfo
from mutagen.wave import WAVE

from services.streaming.media import headers, m4a
from services.streaming.media.headers import NotTaken

LENGTHS = {"title": 200, "artist": 200, "album": 200, "genre": 64}
MAX_COVER_BYTES = 10 * 1024 * 1024
ID3 = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "genre": "TCON", "year": "TDRC"}
VORBIS = {"title": "title", "artist": "artist", "album": "album", "genre": "genre", "year": "date"}
APE = {"title": "Title", "artist": "Artist", "album": "Album", "genre": "Genre", "year": "Year"}
ATOMS = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "genre": "\xa9gen", "year": "\xa9day"}
RIFF = {"title": b"INAM", "artist": b"IART", "album": b"IPRD", "genre": b"IGNR", "year": b"ICRD"}
# Embeddings and overrides of direction can make a name swallow the text around it; the two plain marks stay.
DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
# The front cover, an untold one, any other, and icons last (the types of ID3 and FLAC).
FRONT, OTHER, ICONS = 3, 0, (1, 2)
# A stream captured on its way begins later than at 0.
CAPTURED_SECONDS = 5.0
PAGES_READ = 100


def clean(text: str, length: int) -> str | None:
    """One line of NFC text without control characters, lone surrogates and overrides, at most `length` long."""
    text = DIRECTION.sub("", unicodedata.normalize("NFC", text[: length * 20]))
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(text.split())[:length].strip() or None


def year_of(text: str) -> int | None:
    """Also of a date that is eight digits in a row."""
    found = re.search(r"(?<!\d)([1-9]\d{3})(?:\d{4})?(?!\d)", text[:64])
    return int(found[1]) if found else None


def _texts(value: Any) -> list[str]:
    value = getattr(value, "text", value)
    values = value if isinstance(value, list | tuple) else [value]
    return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values]


def _said(field: str, value: Any) -> str:
    """All artists, and of anything else the first."""
    texts = [text for text in _texts(value) if text.strip("\0 ")]
    return ", ".join(dict.fromkeys(texts)) if field == "artist" else next(iter(texts), "")


def _old_year(file: Any) -> str:
    """ID3v2.3 has the year alone; mutagen drops it if it is more than that."""
    with suppress(mutagen.MutagenError):
        tags: Any = ID3Tags(file.filename, translate=False)  # type: ignore[no-untyped-call]
        return next((_said("year", frame) for frame in tags.getall("TYER")), "")
    return ""


def _genre(tags: Any) -> str:
    # ID3 writes some genres as numbers; mutagen translates them.
    return str((getattr(tags.get("TCON"), "genres", None) or [""])[0])


def _fields(file: Any, known: str) -> dict[str, str]:
    tags: Any = file.tags if file.tags is not None else {}
    names = APE if isinstance(tags, APEv2) else {"mp3": ID3, "wav": ID3, "m4a": ATOMS}.get(known, VORBIS)
    found = {field: _said(field, tags[name]) for field, name in names.items() if name in tags}
    if names is ID3 and "TCON" in tags:
        found["genre"] = _genre(tags)
    if names is ID3 and "year" not in found and file.tags is not None:
        found["year"] = _old_year(file)
    return found


def riff_fields(path: Path) -> dict[str, str]:
    """The LIST INFO chunk of a WAV file, which mutagen does not read; its text has no declared encoding."""
    found = {}
    for name, at, size, file in headers.chunks(path, 12, path.stat().st_size):
        file.seek(at)
        if name != b"LIST" or file.read(4) != b"INFO":
            continue
        for key, place, length, inner in headers.chunks(path, at + 4, at + min(size, 1 << 20)):
            inner.seek(place)
            found[key] = inner.read(min(length, 4096)).split(b"\0")[0]
    return {field: _decode(found[key]) for field, key in RIFF.items() if key in found}


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _pictures(file: Any) -> list[bytes]:
    """The best cover first."""
    tags: Any = file.tags if file.tags is not None else {}
    found: list[tuple[int, bytes]] = []
    if isinstance(file, MP4):
        found = [(OTHER, bytes(p)) for p in tags.get("covr", [])]
    elif isinstance(file, FLAC | OggVorbis | OggOpus):
        found = [(p.type, p.data) for p in getattr(file, "pictures", ())]
        found += [_embedded(text) for text in tags.get("metadata_block_picture", [])]
    elif not isinstance(tags, APEv2):
        found = [(frame.type, frame.data) for name, frame in tags.items() if name.startswith("APIC")]
    return [picture for _, picture in sorted(found, key=lambda one: _rank(one[0]))]


def _rank(kind: int) -> int:
    return {FRONT: 0, OTHER: 1}.get(int(kind), 3 if kind in ICONS else 2)


def _embedded(text: str) -> tuple[int, bytes]:
    try:
        picture: Any = Picture(base64.b64decode(text))  # type: ignore[no-untyped-call]
        return picture.type, bytes(picture.data)
    except (binascii.Error, FlacError, ValueError):
        return OTHER, b""


def picture_suffix(picture: bytes) -> str | None:
    if picture.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else None


class Untagged:
    """Intact sound with tags that cannot be read."""

    tags = None

    def __init__(self, info: Any) -> None:
        self.info = info


def _open(path: Path, known: str) -> Any:
    """The file with its tags, or without those that cannot be read. Raises MutagenError if its sound cannot either."""
    try:
        return _with_tags(path, known)
    except Exception:  # whatever mutagen meets in a tag of a stranger's
        return Untagged(_info(path, known))


def _with_tags(path: Path, known: str) -> Any:
    if known == "ogg":
        return _ogg_kind(path)[0](_behind_id3(path))
    openers: dict[str, Any] = {"mp3": MP3, "flac": FLAC, "wav": WAVE, "m4a": MP4}
    file = openers[known](path)
    if known == "mp3" and file.tags is None:
        with suppress(mutagen.MutagenError):
            file.tags = APEv2(path)  # type: ignore[no-untyped-call]
    return file


def _info(path: Path, known: str) -> Any:
    with path.open("rb") as file:
        if known == "mp3":
            return MPEGInfo(file)
        if known == "m4a":
            return MP4Info(Atoms(file), file)  # type: ignore[no-untyped-call]
        if known == "flac":
            file.seek(headers.id3_bytes(file) + 8)
            return StreamInfo(file.read(34))  # type: ignore[no-untyped-call]
    return _ogg_kind(path)[1](_behind_id3(path)) if known == "ogg" else None


def _ogg_kind(path: Path) -> tuple[Any, Any]:
    is_opus = b"OpusHead" in _behind_id3(path).read(512)
    return (OggOpus, OggOpusInfo) if is_opus else (OggVorbis, OggVorbisInfo)


def _behind_id3(path: Path) -> Any:
    """The file as it is without a tag that does not belong in front of it."""
    file = path.open("rb")
    start = headers.id3_bytes(file)
    file.seek(start)
    return io.BytesIO(file.read()) if start else file


def _length(info: Any, known: str, path: Path) -> float | None:
    """Seconds, if the file states them; an estimate from its size would make intact files look truncated."""
    if known == "mp3" and info.bitrate_mode == BitrateMode.UNKNOWN:
        return None
    seconds = float(info.length) or None
    if known == "ogg" and seconds:
        start = _start(path, 48_000 if isinstance(info, OggOpusInfo) else info.sample_rate)
        return (max(0.0, seconds - start) or None) if start > CAPTURED_SECONDS else seconds
    return seconds


def _start(path: Path, rate: int) -> float:
    """When the first page of sound ends."""
    file = _behind_id3(path)
    for _ in range(PAGES_READ):
        page: Any = OggPage(file)  # type: ignore[no-untyped-call]
        if page.position > 0:
            return float(page.position / rate)
    return 0.0


def _sound(file: Any, known: str, path: Path) -> dict[str, Any]:
    if known == "wav":
        wav = headers.wav(path)
        if wav.codec:
            raise NotTaken("codec", wav.codec)
        numbers = {"seconds": wav.seconds, "bitrate": wav.bitrate, "sample_rate": wav.sample_rate}
        return numbers | {"channels": wav.channels, "is_lossless": True}
    info, length = file.info, _length(file.info, known, path)
    stated = int(getattr(info, "bitrate", 0) or 0)
    if known == "mp3" and info.bitrate_mode == BitrateMode.UNKNOWN:
        stated = headers.mean_bitrate(path) or stated
    return {
        "seconds": length,
        "bitrate": stated or (int(path.stat().st_size * 8 / length) if length else 0),
        "sample_rate": int(getattr(info, "sample_rate", 0) or 48_000),
        "channels": int(getattr(info, "channels", 2) or 2),
        "is_lossless": known == "flac" or getattr(info, "codec", "") == "alac",
    }


def read(path: Path, known: str, cover: Path) -> dict[str, Any]:
    """Raises mutagen.MutagenError if the file is not what its first bytes suggest, NotTaken for what we do not take."""
    if known == "m4a":
        m4a.check(path)
    file = _open(path, known)
    fields = ({} if known != "wav" else riff_fields(path)) | _fields(file, known)
    found: dict[str, Any] = _sound(file, known, path)
    found |= {name: clean(fields.get(name, ""), length) for name, length in LENGTHS.items()}
    return found | {"year": year_of(fields.get("year", "")), "cover": _keep(_pictures(file), cover)}


def _keep(pictures: list[bytes], cover: Path) -> str | None:
    for picture in pictures:
        suffix = picture_suffix(picture)
        if suffix and len(picture) <= MAX_COVER_BYTES:
            cover.write_bytes(picture)
            return suffix
    return None


def main() -> None:
    try:
        found = read(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except NotTaken as refusal:
        found = {"refused": refusal.refused, "what": refusal.what}
    except (mutagen.MutagenError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError):
        found = {"refused": "damaged"}
    sys.stdout.write(json.dumps(found))
