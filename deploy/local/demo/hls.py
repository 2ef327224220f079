"""What a player does, without the sound: reads every playlist; fetches, joins and decodes every segment."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from deploy.local.demo.gateway import Gateway, must
from deploy.local.demo.tune import ffmpeg
from deploy.local.errors import LocalError

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "audio/mp4"
TARGET_SECONDS = 4
# The last AAC frame may be padded by up to 1,023 samples at 44,100 Hz; and the duration is rounded.
LATE_SECONDS = 0.025
EARLY_SECONDS = 0.001


@dataclass(frozen=True)
class Rendition:
    """One line of the multivariant playlist, with the segments of its media playlist."""

    url: str
    bits_per_second: int
    header: str
    segments: tuple[tuple[str, float], ...]

    @property
    def parts(self) -> list[str]:
        return [self.header, *(url for url, _ in self.segments)]

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.segments)

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def renditions(gateway: Gateway, url: str, duration_seconds: float) -> list[Rendition]:
    """Reads the multivariant playlist at `url` and its media playlists. Raises LocalError."""
    text = _playlist(gateway, url)
    listed = re.findall(r"#EXT-X-STREAM-INF:(\S+)\n([^#\s]\S*)", text)
    must(bool(listed), f"{url} lists no rendition")
    found = [_rendition(gateway, urljoin(url, name), attributes) for attributes, name in listed]
    lengths = [[seconds for _, seconds in one.segments] for one in found]
    must(all(length == lengths[0] for length in lengths), "the renditions' segments are not aligned")
    for one in found:
        must(abs(one.seconds - duration_seconds) < 0.1, f"{one.name} is {one.seconds} s long, not {duration_seconds}")
    return found


def _playlist(gateway: Gateway, url: str) -> str:
    answer = gateway.fetch(url)
    must(answer.headers["content-type"] == PLAYLIST_TYPE, f"{url} has the type {answer.headers['content-type']}")
    must(answer.text.startswith("#EXTM3U\n"), f"{url} is not a playlist")
    return answer.text


def _rendition(gateway: Gateway, url: str, attributes: str) -> Rendition:
    must('CODECS="mp4a.40.2"' in attributes, f"{url} does not state its codec")
    text = _playlist(gateway, url)
    header = re.search(r'#EXT-X-MAP:URI="([^"]+)"', text)
    rate = re.search(r"(?:^|,)BANDWIDTH=(\d+)", attributes)
    if header is None or rate is None or "#EXT-X-ENDLIST" not in text:
        raise LocalError(f"{url} is not a complete fMP4 recording")
    listed = re.findall(r"#EXTINF:([\d.]+),[^\n]*\n(?:#[^\n]*\n)*([^#\s]\S*)", text)
    segments = tuple((urljoin(url, name), float(seconds)) for seconds, name in listed)
    must(
        all(abs(seconds - TARGET_SECONDS) < 0.05 for _, seconds in segments[:-1]),
        f"{url}: uneven segments",
    )
    return Rendition(url, int(rate[1]), urljoin(url, header[1]), segments)


def join(gateway: Gateway, rendition: Rendition, path: Path, fetched: Callable[[int], None]) -> None:
    """Writes header and segments to `path` as a player would; calls `fetched` with the size of each."""
    with path.open("wb") as file:
        for part in _parts(gateway, rendition):
            file.write(part)
            fetched(len(part))


def _parts(gateway: Gateway, rendition: Rendition) -> Iterator[bytes]:
    for url in rendition.parts:
        answer = gateway.fetch(url)
        must(answer.headers["content-type"] == SEGMENT_TYPE, f"{url} has the type {answer.headers['content-type']}")
        must("immutable" in answer.headers["cache-control"], f"{url} is not cacheable for ever")
        must(len(answer.content) == int(answer.headers["content-length"]), f"{url} was cut short")
        yield answer.content


def check_ranges(gateway: Gateway, url: str) -> None:
    """Fetches a range in the middle, one at the end and one past it, as players seek. Raises LocalError."""
    whole = gateway.fetch(url).content
    size = len(whole)
    middle = size // 2
    for wanted, bounds in ((f"{middle}-{middle + 99}", slice(middle, middle + 100)), ("-50", slice(size - 50, size))):
        answer = gateway.fetch(url, 206, Range=f"bytes={wanted}")
        must(answer.content == whole[bounds], f"{url}: bytes {wanted} differ from the whole file")
    gateway.fetch(url, 416, Range=f"bytes={size}-")


def decode(path: Path) -> tuple[float, str]:
    """How many seconds ffmpeg decodes, and what it complains about. Raises LocalError."""
    done = ffmpeg("-i", path, "-map", "0:a:0", "-progress", "pipe:1", "-f", "null", "-")
    complaint = done.stderr.decode(errors="replace").strip()[-200:]
    ends = re.findall(rb"out_time_us=(\d+)", done.stdout)
    must(not done.returncode and bool(ends), f"{path.name} does not decode: {complaint}")
    return int(ends[-1]) / 1_000_000, complaint


def check_length(path: Path, duration_seconds: float) -> float:
    """Checks that nothing is cut off or added, apart from the last frame's padding."""
    seconds, complaint = decode(path)
    must(not complaint, f"{path.name} decodes with errors: {complaint}")
    is_whole = -EARLY_SECONDS <= seconds - duration_seconds <= LATE_SECONDS
    must(is_whole, f"{path.name} decodes to {seconds:.3f} s instead of {duration_seconds:.3f} s")
    return seconds
