"""HLS playlists (RFC 8216): reads what ffmpeg wrote, writes what players get. All names are relative."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

MAIN = "main.m3u8"
AAC_LC = "mp4a.40.2"
INDEPENDENT = "#EXT-X-INDEPENDENT-SEGMENTS"


@dataclass(frozen=True)
class Segment:
    name: str
    seconds: float
    bytes: int

    @property
    def bits_per_second(self) -> float:
        return self.bytes * 8 / self.seconds if self.seconds else 0.0


def segments_of(playlist: Path) -> list[Segment]:
    found: list[Segment] = []
    seconds = 0.0
    for line in playlist.read_text().splitlines():
        if line.startswith("#EXTINF:"):
            seconds = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            found.append(Segment(line, seconds, (playlist.parent / line).stat().st_size))
    return found


def mark_independent(playlist: Path) -> None:
    """Every AAC frame decodes by itself; ffmpeg says so only of video (RFC 8216 section 4.3.5.1)."""
    lines = playlist.read_text().splitlines()
    if INDEPENDENT not in lines:
        lines.insert(2, INDEPENDENT)
        playlist.write_text("\n".join(lines) + "\n")


def peak_bits(segments: list[Segment]) -> int:
    """The largest of any segment that lasts at least half a target; a last one of one frame says nothing."""
    longest = max(s.seconds for s in segments)
    peak = ceil(max(s.bits_per_second for s in segments if s.seconds * 2 >= longest))
    return max(peak, average_bits(segments))


def average_bits(segments: list[Segment]) -> int:
    seconds = sum(s.seconds for s in segments)
    return ceil(sum(s.bytes for s in segments) * 8 / seconds) if seconds else 0


def multivariant(renditions: dict[str, list[Segment]]) -> str:
    """Playlist names and their segments, in the order of the master playlist; a player starts with the first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", INDEPENDENT]
    for name, segments in renditions.items():
        rates = f"BANDWIDTH={peak_bits(segments)},AVERAGE-BANDWIDTH={average_bits(segments)}"
        lines += [f'#EXT-X-STREAM-INF:{rates},CODECS="{AAC_LC}"', name]
    return "\n".join(lines) + "\n"
