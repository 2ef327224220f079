"""CPU seconds of streaming's transcoding against one bare ffmpeg that writes the same files.

`python -m tests.load.transcoding FILE` measures ours in a process of its own and prints the seconds: what Python spends
on the waveform and the playlists is in them, what it takes to start is not.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from shlex import join
from typing import TypedDict

from services.streaming.media import ffmpeg, renditions
from services.streaming.media.probe import probe
from services.streaming.media.transcode import Budget, Task, transcode
from tests.load.figures import Figure, middle
from tests.support import audio

TUNE_SECONDS = 120.0
ROUNDS = 3


class Told(TypedDict):
    seconds: float
    ours: list[str]
    bare: list[str]


async def measure(tune_seconds: float = TUNE_SECONDS) -> Figure:
    with tempfile.TemporaryDirectory(prefix="soundstage-transcoding-") as folder:
        tune = audio.make(Path(folder) / "tune.wav", tune_seconds)
        told, theirs = list[Told](), list[float]()
        for _ in range(ROUNDS):
            told.append(await asyncio.to_thread(_ours, tune))
            theirs.append(await asyncio.to_thread(_bare, told[0]["bare"]))
    mine, other = middle(t["seconds"] for t in told), middle(theirs)
    notes = [f"ours: {join(told[0]['ours'])}", f"bare: {join(told[0]['bare'])}"]
    name = f"transcoding, CPU s for {tune_seconds:.0f} s of WAV"
    return Figure(name, f"{mine:.2f} s", f"bare ffmpeg {other:.2f} s", mine / other, "1.1 at most", notes)


def _ours(tune: Path) -> Told:
    argv = [sys.executable, "-m", "tests.load.transcoding", str(tune)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=600)
    told: Told = json.loads(done.stdout)
    return told


def _bare(argv: list[str]) -> float:
    with tempfile.TemporaryDirectory(prefix="soundstage-bare-") as folder:
        process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"the bare ffmpeg ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def bare_command(ours: list[str]) -> list[str]:
    """Ours without what only we want of it: the loudness filter, and the samples for the waveform."""
    words = list(ours)
    filters = words.index("-filter_complex") + 1
    words[filters] = words[filters].replace("ebur128=peak=true:framelog=quiet,", "").replace("[pcm]", "")
    outs = words[filters].count("[") - 1
    words[filters] = words[filters].replace(f"asplit={outs + 1}", f"asplit={outs}")
    return words[: len(words) - 1 - words[::-1].index("[pcm]") - 1]


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def _transcode(tune: Path) -> Told:
    with tempfile.TemporaryDirectory(prefix="soundstage-ours-") as folder:
        found = await probe(tune, Path(folder) / "cover", audio.ffmpeg())
        budget, plan = Budget(), renditions.plan(found.sound)
        bounds = {"max_seconds": budget.max_seconds, "max_bytes": budget.file_bytes}
        argv = ffmpeg.command(audio.ffmpeg(), tune, found.sound.format, plan, tags={}, **bounds)
        before = _spent()
        await transcode(Task(tune, found.sound, Path(folder), lambda percent: None), audio.ffmpeg(), budget)
        return {"seconds": _spent() - before, "ours": argv, "bare": bare_command(argv)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_transcode(Path(sys.argv[1])))))
