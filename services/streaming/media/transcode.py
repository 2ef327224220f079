"""One recording through one ffmpeg: a folder of files, and what was measured on the way."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.streaming.media import ffmpeg, hls, loudness, renditions, sandbox, waveform
from services.streaming.media.probe import MIB, Sound

WAVEFORM = "waveform.json"
# One transcoding at a time of each worker; so many workers fit the container.
MEMORY_BYTES = 1536 * MIB
# Decoders drop a damaged last frame or two, and headers round; a file that lacks more was truncated.
SHORT_SHARE, SHORT_SECONDS = 0.02, 0.2


# Its level begins a line of ffmpeg's log; a tag's words come on lines of the level info.
ERROR_LINE = re.compile(r"^(?:\[[^\]\n]* @ [^\]\n]*\] )?\[(?:error|fatal|panic)\] (.*)$", re.MULTILINE)
# What ffmpeg does not finish, though it may end well.
GAVE_UP = {
    "Sample rate change is not supported": "The file's sample rate changes in the middle; please send it as one piece.",
    "Error during demuxing": "The file cannot be read to its end.",
    "NaN/+-Inf": "The file holds samples that are not numbers (NaN or infinite).",
}
SUMMARY = "Integrated loudness:"


class Undecodable(Exception):
    """A retry would not help; the text is for people."""


@dataclass(frozen=True)
class Budget:
    """Per file: the maximum duration of the recording and of its processing."""

    max_seconds: int = 6 * 3600
    wall_seconds: float = 3600.0

    @property
    def file_bytes(self) -> int:
        """No file that we write is larger than a copied MP3 of 320 kbit/s; a tenth more is enough."""
        return 320_000 // 8 * self.max_seconds * 11 // 10

    @property
    def limits(self) -> sandbox.Limits:
        return sandbox.Limits(int(self.wall_seconds) * 4, self.wall_seconds, MEMORY_BYTES, self.file_bytes)


@dataclass(frozen=True)
class Transcoded:
    """Everything is in the folder, `progressive` too: an MP3 for players that know no HLS."""

    frames: int
    sample_rate: int
    loudness: loudness.Loudness
    progressive: str = ffmpeg.PROGRESSIVE

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate

    @property
    def duration_ms(self) -> int:
        return max(1, round(self.seconds * 1000))


@dataclass(frozen=True)
class Task:
    """A file to be transcoded, the words that its MP3 carries, and a callback for progress, in percent from 0 to 99."""

    source: Path
    sound: Sound
    folder: Path
    tell: Callable[[int], None]
    tags: Mapping[str, str] = field(default_factory=dict)


def _expected_seconds(task: Task) -> float | None:
    """An estimate is good enough for progress; an MP3 without a header states no length."""
    return task.sound.seconds_of(task.source.stat().st_size) or None


def _percent(seconds: float, expected: float | None) -> int:
    return min(99, int(100 * seconds / expected)) if expected else 0


async def _measure(
    pcm: asyncio.StreamReader, plan: renditions.Plan, expected: float | None, tell: Callable[[int], None]
) -> waveform.Waveform:
    """Progress counts decoded samples; the encoders are at most a few frames behind."""
    seen = waveform.Waveform(plan.channels)
    while chunk := await pcm.read(sandbox.PIPE_BYTES):
        seen.add(chunk)
        tell(_percent(seen.frames / plan.sample_rate, expected))
    return seen


async def _run(
    argv: list[str], task: Task, plan: renditions.Plan, budget: Budget
) -> tuple[waveform.Waveform, str, int]:
    async with sandbox.running(argv, budget.limits, task.folder) as child:
        said = asyncio.create_task(sandbox.tail_of(child.stderr))
        try:
            seen = await _measure(child.stdout, plan, _expected_seconds(task), task.tell)
            return seen, (await said).decode("utf-8", "replace"), await child.wait()
        finally:
            said.cancel()


def _check(seconds: float, log: str, status: int, sound: Sound, budget: Budget) -> None:
    """Undecodable if the file is at fault; OSError if the machine is (disk full, killed from outside): try again."""
    said = "\n".join(ERROR_LINE.findall(log))
    if (status != 0 and "No space left on device" in said) or status in (-9, -15, 255, 137, 143):
        raise OSError(f"ffmpeg ended with {status}")
    if seconds == 0:
        raise Undecodable("The file holds no sound that can be decoded.")
    for sign, text in GAVE_UP.items():
        if sign in said:
            raise Undecodable(text)
    if status != 0:
        raise Undecodable("The file is damaged and cannot be decoded.")
    if seconds >= budget.max_seconds:
        raise Undecodable(f"The recording is longer than {budget.max_seconds // 60} minutes.")
    expected = sound.seconds or 0.0
    if seconds < expected * (1 - SHORT_SHARE) - SHORT_SECONDS:
        raise Undecodable(f"The file ends early: only {seconds:.1f} of {expected:.1f} seconds can be decoded.")


async def _measured_again(executable: str, task: Task, plan: renditions.Plan, budget: Budget) -> str:
    """The meter's log of the best rendition, whose channels are the same from its beginning to its end."""
    argv = ffmpeg.metering(executable, ffmpeg.media_playlist(max(plan.aac_kbits)))
    async with sandbox.running(argv, budget.limits, task.folder) as child:
        said = asyncio.create_task(sandbox.tail_of(child.stderr))
        try:
            await child.wait()
            return (await said).decode("utf-8", "replace")
        finally:
            said.cancel()


def _write_playlists(folder: Path, plan: renditions.Plan) -> None:
    names = [ffmpeg.media_playlist(kbits) for kbits in sorted(plan.aac_kbits, key=lambda k: (k != plan.ts_kbits, k))]
    for name in names:
        hls.mark_independent(folder / name)
    text = hls.multivariant({name: hls.segments_of(folder / name) for name in names})
    (folder / hls.MAIN).write_text(text)


async def transcode(task: Task, executable: str, budget: Budget) -> Transcoded:
    """Fills the task's folder. Raises Undecodable, or OSError for what a retry may cure."""
    plan, bounds = renditions.plan(task.sound), {"max_seconds": budget.max_seconds, "max_bytes": budget.file_bytes}
    argv = ffmpeg.command(executable, task.source, task.sound.format, plan, tags=task.tags, **bounds)
    try:
        seen, log, status = await _run(argv, task, plan, budget)
    except TimeoutError as error:
        raise Undecodable(f"Processing took longer than {budget.wall_seconds / 60:.0f} minutes.") from error
    peaks = seen.peaks()
    _check(seen.frames / plan.sample_rate, log, status, task.sound, budget)
    _write_playlists(task.folder, plan)
    if log.count(SUMMARY) > 1:  # the channels changed, and with them the meter: a summary of each part
        log = await _measured_again(executable, task, plan, budget)
    result = Transcoded(seen.frames, plan.sample_rate, loudness.parse(log, seen.frames / plan.sample_rate))
    (task.folder / WAVEFORM).write_bytes(waveform.document(peaks, result.duration_ms))
    return result
