"""Decides whether a file is music that we can take: magic, mutagen and one decoded second have to agree."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import puremagic

from chassis import telemetry
from services.streaming.media import sandbox
from services.streaming.media.formats import DEMUXING, HEAD_BYTES, Format, is_cut_short, sniff
from services.streaming.media.headers import id3_bytes

MIB = 1024 * 1024
log = telemetry.logger(__name__)
ACCEPTED = "Please send MP3, FLAC, WAV, OGG (Vorbis or Opus) or M4A (AAC or ALAC)."
# What people call music and we do not take: where its first bytes are, and which.
OTHERS = {
    "AIFF": (8, b"AIFF"), "AIFF-C": (8, b"AIFC"), "Speex": (28, b"Speex   "), "Ogg FLAC": (28, b"\x7fFLAC"),
    "WMA": (0, bytes.fromhex("3026b2758e66cf11")), "Monkey's Audio": (0, b"MAC "), "WavPack": (0, b"wvpk"),
    "DSD": (0, b"DSD "), "Musepack": (0, b"MPCK"), "TTA": (0, b"TTA1"), "AMR": (0, b"#!AMR"), "MIDI": (0, b"MThd"),
    "CAF": (0, b"caff"),
}  # fmt: skip
# One after the other, so a probe takes the larger of the two; PROBES_AT_ONCE of them fit the container.
TAGS_LIMITS = sandbox.Limits(cpu_seconds=10, wall_seconds=20, memory_bytes=256 * MIB, file_bytes=16 * MIB)
TRIAL_LIMITS = sandbox.Limits(cpu_seconds=10, wall_seconds=20, memory_bytes=768 * MIB, file_bytes=MIB)
PROBES_AT_ONCE = 2
TRIAL_RATE = 8_000
# Refused by the tag's header: to read it takes several times its size.
MAX_TAG_BYTES = 32 * MIB
# Isolated from whatever else the environment would have it import.
BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from services.streaming.media.tags import main; main()"
ROOT = Path(__file__).parents[3]
# Of anything that people record; what a header states beyond them is wrong, and would not fit the database.
RATES, CHANNELS, MAX_BITRATE, MAX_SECONDS = range(1_000, 768_001), range(1, 65), 10**9, 10**7


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

    def seconds_of(self, size_bytes: int) -> float:
        """As the file states them, or as the size of it says; 0 if neither does."""
        return self.seconds or (size_bytes * 8 / self.bitrate if self.bitrate else 0.0)


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
    if named := next((name for name, (at, magic) in OTHERS.items() if head[at : at + len(magic)] == magic), ""):
        return f"{named} sound, which is not supported here"
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
        raise Refused(f"The file is {describe(path)}. {ACCEPTED}", is_unsupported=True)
    with path.open("rb") as file:
        if (size := id3_bytes(file)) > MAX_TAG_BYTES:
            raise Refused(f"The file's tags have {size // MIB} MiB; they may have {MAX_TAG_BYTES // MIB}.")
    return known


async def _read_tags(path: Path, known: Format, cover: Path) -> dict[str, object]:
    argv = [sys.executable, "-I", "-c", BOOT, str(ROOT), str(path), known, str(cover)]
    try:
        status, said, _ = await sandbox.output_of(argv, TAGS_LIMITS, max_bytes=64 * 1024)
    except TimeoutError as error:
        raise Refused("The file's tags cannot be read.") from error
    if status != 0:
        raise Refused("The file's tags cannot be read.")
    found: dict[str, object] = json.loads(said)
    if refused := found.get("refused"):
        raise _refusal(known, str(refused), str(found.get("what", "")))
    return found


def _refusal(known: Format, refused: str, what: str) -> Refused:
    texts = {
        "video": "The file is a video; please send only its sound.",
        "protected": "The file is protected against copying, so it cannot be played here.",
        "codec": f"The file's sound is {what}, which is not supported here. {ACCEPTED}",
    }
    damaged = f"The file begins like {known.upper()}, but is damaged or cut short."
    return Refused(texts.get(refused, damaged), is_unsupported=refused in texts)


def _check_numbers(sound: Sound) -> None:
    if sound.sample_rate not in RATES:
        raise Refused(f"The file states a sample rate of {sound.sample_rate} Hz; it must be 1,000 to 768,000 Hz.")
    if sound.channels not in CHANNELS:
        raise Refused(f"The file states {sound.channels} channels; it must be 1 to 64.")
    if not 0 <= sound.bitrate <= MAX_BITRATE or not 0 <= (sound.seconds or 0) <= MAX_SECONDS:
        raise Refused("The file states a length or bitrate that cannot be.")


def input_options(known: Format) -> list[str]:
    """The limits for reading an untrusted file; go before -i."""
    forced = DEMUXING[known]
    guards = ["-protocol_whitelist", "file,pipe", "-codec_whitelist", forced.decoders, "-f", forced.demuxer]
    return [*guards, "-vn", "-sn", "-dn"]


async def _try(path: Path, known: Format, ffmpeg: str) -> None:
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-threads", "1", *input_options(known)]
    argv += ["-i", f"file:{path.resolve()}"]
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
    names = ("seconds", "bitrate", "sample_rate", "channels", "is_lossless")
    sound = Sound(format=known, **{name: found[name] for name in names})  # type: ignore[arg-type]
    _check_numbers(sound)
    await _try(path, known, ffmpeg)
    words = Tags(**{name: found[name] for name in ("title", "artist", "album", "genre", "year")})  # type: ignore[arg-type]
    suffix = found["cover"]
    return Probe(sound, words, suffix if isinstance(suffix, str) else None)


async def words_to_show(path: Path, known: Format, cover: Path) -> dict[str, str]:
    """Title and artist as the file has them, for the copy that everybody may have."""
    try:
        found = await _read_tags(path, known, cover)
    except Refused:
        return {}
    return {name: str(found[name]) for name in ("title", "artist") if found.get(name)}
