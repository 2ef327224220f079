"""Something to upload: a generated tune of twenty seconds, different each time, or the user's own file."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.local.errors import LocalError
from deploy.local.services import embedded_ffmpeg

RATE = 44_100
BEAT_SECONDS = 0.625
BARS = 8
# A minor seventh, F major seventh, C, G; as MIDI notes.
CHORDS = ((57, 60, 64, 67), (53, 57, 60, 64), (48, 55, 60, 64), (55, 59, 62, 67))
ARPEGGIO = (0, 2, 1, 3, 2, 1, 3, 2)
COVER_PIXELS = 320
RAW_SOUND = ("-f", "s16le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0")
FLAC_WITH_COVER = ("-map", "0:a", "-map", "1:v", "-c:a", "flac", "-c:v", "copy", "-disposition:v:0", "attached_pic")
RAW_PICTURE = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{COVER_PIXELS}x{COVER_PIXELS}", "-i", "pipe:0")
PNG = ("-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "pipe:1")
FFMPEG_SECONDS = 600

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Tune:
    """A file; for a generated one, also its tags and its picture."""

    path: Path
    tags: dict[str, str] = field(default_factory=dict)
    cover: bytes = b""


def ffmpeg(*words: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    program = os.environ.get("FFMPEG") or embedded_ffmpeg()
    argv = [program, "-hide_banner", "-nostats", "-v", "error", "-y", *map(str, words)]
    return subprocess.run(argv, input=stdin, capture_output=True, timeout=FFMPEG_SECONDS, check=False)


def existing(path: Path) -> Tune:
    """The user's file, if ffmpeg finds audio in it. Raises LocalError."""
    if not path.exists():
        raise LocalError(f"there is no file {path}")
    if not path.is_file():
        raise LocalError(f"{path} is not a file")
    if not os.access(path, os.R_OK):
        raise LocalError(f"missing permission: {path}")
    only_here = ("-protocol_whitelist", "file")
    if ffmpeg(*only_here, "-i", path, "-map", "0:a:0", "-t", "5", "-f", "null", "-").returncode:
        raise LocalError(f"{path} contains no audio that can be decoded")
    return Tune(path)


def generated(folder: Path) -> Tune:
    """Writes a FLAC with tags and an embedded cover."""
    rng = np.random.default_rng()
    cover = ffmpeg(*RAW_PICTURE, *PNG, stdin=_picture(rng)).stdout
    picture = folder / "cover.png"
    picture.write_bytes(cover)
    number = int(rng.integers(100, 1000))
    tags = {
        "title": f"Evening Signal No. {number}",
        "artist": "The Newcomers",
        "album": "First Night",
        "genre": "Ambient",
        "date": "2026",
    }
    path = folder / f"evening-signal-{number}.flac"
    named = [word for name, text in tags.items() for word in ("-metadata", f"{name}={text}")]
    done = ffmpeg(*RAW_SOUND, "-i", picture, *FLAC_WITH_COVER, *named, path, stdin=_pcm(composed(rng)))
    if done.returncode:
        raise LocalError(f"ffmpeg could not write the tune: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return Tune(path, tags, cover)


def composed(rng: np.random.Generator) -> Sound:
    """A slow arpeggio over four chords, in a random key with random accents; rows of left and right."""
    frames = round(BARS * 4 * BEAT_SECONDS * RATE)
    sound = np.zeros((frames, 2))
    key = int(rng.integers(-4, 5))
    for bar in range(BARS):
        start, chord = bar * 4 * BEAT_SECONDS, [note + key for note in CHORDS[bar % len(CHORDS)]]
        for note in chord:
            _mix(sound, start, _pad(note, 4.5 * BEAT_SECONDS), 0.05, 0.5)
        for beat in (0, 2.5):
            _mix(sound, start + beat * BEAT_SECONDS, _pluck(chord[0] - 12, 1.6), 0.35, 0.5)
        for eighth, place in enumerate(ARPEGGIO):
            volume, side = rng.uniform(0.12, 0.26), rng.uniform(0.25, 0.75)
            _mix(sound, start + eighth * BEAT_SECONDS / 2, _pluck(chord[place] + 12, 1.4), volume, side)
    fade = np.minimum(1, np.arange(frames, 0, -1) / (2.5 * RATE))[:, None]
    echoed = _echo(sound) * fade
    return np.asarray(0.75 * echoed / np.abs(echoed).max(), dtype=np.float64)


def _mix(sound: Sound, start_seconds: float, voice: Sound, volume: float, side: float) -> None:
    """Adds a voice; `side` is 0 on the left and 1 on the right."""
    first = round(start_seconds * RATE)
    length = min(len(voice), len(sound) - first)
    sound[first : first + length] += volume * voice[:length, None] * np.sqrt([1 - side, side])


def _hertz(note: int) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _pluck(note: int, seconds: float) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * _hertz(note) * k * t) * np.exp(-t * (2.2 + 1.6 * k)) / k**1.6 for k in range(1, 6))
    return np.asarray(voice * np.minimum(1, t / 0.004), dtype=np.float64)


def _pad(note: int, seconds: float) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    voices = sum(np.sin(2 * np.pi * _hertz(note) * detuned * t) for detuned in (0.997, 1, 1.003))
    return np.asarray(voices * np.sin(np.pi * t / seconds) ** 0.7, dtype=np.float64)


def _echo(sound: Sound) -> Sound:
    """Two dotted echoes, each on the opposite side."""
    late = round(0.75 * BEAT_SECONDS * RATE)
    echoed = sound.copy()
    for time, volume in ((1, 0.35), (2, 0.18)):
        echoed[time * late :] += volume * (sound[: -time * late, ::-1] if time % 2 else sound[: -time * late])
    return echoed


def _pcm(sound: Sound) -> bytes:
    return (sound * 32767).astype("<i2").tobytes()


def _picture(rng: np.random.Generator) -> bytes:
    """Rings of light around one point, as RGB."""
    y, x = np.mgrid[0:COVER_PIXELS, 0:COVER_PIXELS] / COVER_PIXELS
    far = np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.3, 0.7))
    shine = 0.5 + 0.5 * np.cos(far * rng.uniform(25, 45))
    shades = [shine * (0.3 + 0.7 * np.abs(np.sin(3 * far + rng.uniform(0, 3)))) for _ in range(3)]
    return (np.stack(shades, axis=-1) * 255).astype(np.uint8).tobytes()
