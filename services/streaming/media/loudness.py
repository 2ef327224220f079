"""EBU R 128 figures from the summary that ffmpeg's ebur128 filter prints at its end."""

import re
from dataclasses import dataclass

# The filter's floor: nothing passed the absolute gate of -70 LUFS, or less than one block of 0.4 s came.
FLOOR_LUFS = -70.0
BLOCK_SECONDS = 0.4


@dataclass(frozen=True)
class Loudness:
    """None if it cannot be measured: digital silence, or less than 0.4 s."""

    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None


def _last(name: str, unit: str, text: str) -> float | None:
    # The last, since a tag echoed at the beginning of the log may look like a summary.
    found = re.findall(rf"^\s+{name}:\s+(-?[\d.]+) {unit}\s*$", text, re.MULTILINE)
    return float(found[-1]) if found else None


def parse(log: str, seconds: float) -> Loudness:
    integrated = _last("I", "LUFS", log)
    if seconds < BLOCK_SECONDS or integrated is None or integrated <= FLOOR_LUFS:
        return Loudness(true_peak_dbtp=_last("Peak", "dBFS", log) if seconds >= BLOCK_SECONDS else None)
    return Loudness(integrated, _last("LRA", "LU", log), _last("Peak", "dBFS", log))
