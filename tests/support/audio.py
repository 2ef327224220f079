"""Real audio for tests, synthesised by the same ffmpeg, a few seconds long; kept per test session by what was asked."""

import subprocess
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

# A sweep has no two equal moments, so a shift of a few samples shows; the voices differ left and right.
SWEEP = "0.4*sin(2*PI*(200+300*t)*t)|0.3*sin(2*PI*(300+200*t)*t)+0.1*sin(2*PI*50*t)"
CODECS = {
    "wav": ["-c:a", "pcm_s16le"],
    "flac": ["-c:a", "flac"],
    "mp3": ["-c:a", "libmp3lame", "-b:a", "192k"],
    "ogg": ["-c:a", "libvorbis", "-b:a", "128k"],
    "opus": ["-c:a", "libopus", "-b:a", "96k", "-f", "ogg"],
    "m4a": ["-c:a", "aac", "-b:a", "160k"],
}


@cache
def ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def run(*words: str | Path) -> bytes:
    argv = [ffmpeg(), "-nostdin", "-hide_banner", "-v", "error", "-y", *map(str, words)]
    return subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout


def make(
    path: Path, seconds: float = 3.0, *, rate: int = 44_100, channels: int = 2, options: tuple[str, ...] = ()
) -> Path:
    """Writes `path`; the format is its suffix (`.opus` is Opus in Ogg)."""
    voices = SWEEP if channels == 2 else SWEEP.split("|", maxsplit=1)[0]
    source = f"aevalsrc='{voices}':s={rate}:d={seconds}"
    run("-f", "lavfi", "-i", source, *CODECS[path.suffix[1:]], *options, path)
    return path


def silence(path: Path, seconds: float) -> Path:
    run("-f", "lavfi", "-i", f"anullsrc=r=44100:cl=stereo:d={seconds}", *CODECS[path.suffix[1:]], path)
    return path


def picture(path: Path) -> Path:
    run("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", path)
    return path


def decode(source: Path, channels: int = 2) -> NDArray[np.float64]:
    """Samples as rows of channels, at the source's own rate."""
    pcm = run("-i", source, "-ac", str(channels), "-f", "s16le", "pipe:1")
    return np.frombuffer(pcm, "<i2").reshape(-1, channels).astype(np.float64)


def lag(reference: NDArray[np.float64], other: NDArray[np.float64], reach: int = 3_000) -> int:
    """By how many samples `other` is late, from the correlation of their first channels."""
    n = min(len(reference), len(other), 44_100)
    spectrum = np.fft.rfft(other[:n, 0], 2 * n) * np.conj(np.fft.rfft(reference[:n, 0], 2 * n))
    match = np.fft.irfft(spectrum)
    return int(max(range(-reach, reach), key=lambda shift: match[shift]))
