"""Decides whether a file is music that we can take: magic, mutagen and one decoded second have to agree."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import puremagic

from chassis import telemetry
from services.streaming.media import sandbox
from services.streaming.media.formats import DEMUXING, HEAD_BYTES, Format, is_cut_short, sniff

MIB = 1024 * 1024
log = telemetry.logger(__name__)
TAGS_LIMITS = sandbox.Limits(cpu_seconds=10, wall_seconds=20, memory_bytes=512 * MIB, file_bytes=16 * MIB)
TRIAL_LIMITS = sandbox.Limits(cpu_seconds=10, wall_seconds=20, memory_bytes=2048 * MIB, file_bytes=MIB)
TRIAL_RATE = 8_000
TAGS_SCRIPT = Path(__file__).with_name("tags.py")


class Refused(Exception):
    """The file is refused; the text is for people. Unsupported: not audio in a format that we accept."""

    def __init__(self, message: str, *, is_unsupported: bool = False) -> None:
        super().__init__(message)
        self.is_unsupported = is_unsupported


@dataclass(frozen=True)
class Tags:
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class Sound:
    """Of the file as uploaded. `seconds` is None if the file does not state it; bitrate in bit/s, 0 if unknown."""

    format: Format
    seconds: float | None
    bitrate: int
    sample_rate: int
    channels: int
    is_lossless: bool


@dataclass(frozen=True)
class Probe:
    sound: Sound
    tags: Tags
    # jpg, png or webp: format of the picture written to the given path.
    cover_suffix: str | None


def describe(path: Path) -> str:
    """What a refused file appears to be, for people."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith((b"#EXTM3U", b"[playlist]", b"ffconcat", b"<?xml", b"<asx")):
        return "a playlist"
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return "no audio that we know"
    kind = found[0].mime_type if found and found[0].confidence >= 0.5 else ""
    return {"image": "a picture", "video": "a video", "text": "a text"}.get(kind.split("/")[0], "no audio that we know")


def _refuse_unknown(path: Path) -> Format:
    if path.stat().st_size == 0:
        raise Refused("The file is empty.")
    known = sniff(path)
    if known is None:
        text = f"The file is {describe(path)}. Please send MP3, FLAC, WAV, OGG or M4A."
        raise Refused(text, is_unsupported=True)
    return known


async def _read_tags(path: Path, known: Format, cover: Path) -> dict[str, object]:
    argv = [sys.executable, "-I", str(TAGS_SCRIPT), str(path), known, str(cover)]
    try:
        status, said, _ = await sandbox.output_of(argv, TAGS_LIMITS, max_bytes=64 * 1024)
    except TimeoutError as error:
        raise Refused("The file's tags cannot be read.") from error
    if status != 0:
        raise Refused("The file's tags cannot be read.")
    found: dict[str, object] = json.loads(said)
    if found.get("refused") == "video":
        raise Refused("The file is a video; please send only its sound.", is_unsupported=True)
    if "refused" in found:
        raise Refused(f"The file begins like {known.upper()}, but is damaged or cut short.")
    return found


def input_options(known: Format) -> list[str]:
    """The limits for reading an untrusted file; go before -i."""
    forced = DEMUXING[known]
    guards = ["-protocol_whitelist", "file,pipe", "-codec_whitelist", forced.decoders, "-f", forced.demuxer]
    return [*guards, "-vn", "-sn", "-dn"]


async def _try(path: Path, known: Format, ffmpeg: str) -> None:
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *input_options(known), "-i", f"file:{path.resolve()}"]
    argv += ["-map", "0:a:0", "-t", "1", "-ac", "1", "-ar", str(TRIAL_RATE), "-f", "s16le", "pipe:1"]
    try:
        status, decoded, complaint = await sandbox.output_of(argv, TRIAL_LIMITS, max_bytes=4 * TRIAL_RATE)
    except TimeoutError as error:
        raise Refused("The file cannot be decoded.") from error
    if not decoded:
        log.info("probe.silent", status=status, complaint=complaint[-500:].decode("utf-8", "replace"))
        raise Refused("The file holds no sound that can be decoded.")


async def probe(path: Path, cover: Path, ffmpeg: str) -> Probe:
    """Raises Refused. Writes the embedded picture, if there is one, to `cover`."""
    known = _refuse_unknown(path)
    if is_cut_short(path, known):
        raise Refused("The file is cut short.")
    found = await _read_tags(path, known, cover)
    await _try(path, known, ffmpeg)
    names = ("seconds", "bitrate", "sample_rate", "channels", "is_lossless")
    sound = Sound(format=known, **{name: found[name] for name in names})  # type: ignore[arg-type]
    words = Tags(**{name: found[name] for name in ("title", "artist", "album", "genre", "year")})  # type: ignore[arg-type]
    suffix = found["cover"]
    return Probe(sound, words, suffix if isinstance(suffix, str) else None)
