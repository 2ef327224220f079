"""What the first bytes of a file say of its sound, where libraries guess or give up. Imports nothing of ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# How far behind a file's tags its first MP3 frame may begin, and how many must follow each other to be believed.
FIRST_FRAME_WITHIN = 64 * 1024
FRAMES_IN_A_ROW = 4
# Writers to a pipe cannot seek back to fill in sizes; they leave 0, or this and above.
UNKNOWN_WAV_BYTES = 0x7FFF0000
WAV_CODECS = {
    1: "", 2: "", 3: "", 6: "", 7: "", 0x11: "", 0xFFFE: "", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3", 0xFF: "AAC",
    0x160: "WMA", 0x161: "WMA", 0x162: "WMA", 0x2000: "AC-3", 0x2001: "DTS", 0xF1AC: "FLAC",
}  # fmt: skip
_BITRATES = {  # kbit/s of MPEG 1 and of MPEG 2 and 2.5, layer III
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


class Damaged(ValueError):
    pass


class NotTaken(Exception):
    """What the file is instead (video, protected, codec), and which codec."""

    def __init__(self, refused: str, what: str = "") -> None:
        super().__init__(refused)
        self.refused, self.what = refused, what


@dataclass(frozen=True)
class Frame:
    """An MP3 frame's header; free format, which states no length, counts as none."""

    size: int
    samples: int
    sample_rate: int
    channels: int

    @classmethod
    def of(cls, head: bytes) -> "Frame | None":
        if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
            return None
        version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
        bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
        if version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
            return None
        is_first, hertz = version == 3, _RATES[version][rate]
        samples = 1152 if is_first else 576
        size = samples // 8 * _BITRATES[is_first][bitrate] * 1000 // hertz + (head[2] >> 1 & 1)
        return cls(size, samples, hertz, 1 if head[3] >> 6 == 3 else 2)


def id3_bytes(file: BinaryIO) -> int:
    """How long the ID3v2 tags in front are; their size is 28 bits in four bytes (id3.org, ID3v2.4 section 3.1)."""
    at = 0
    for _ in range(4):
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            break
        size = head[6:10]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if head[5] & 0x10 else 0)
    return at


def first_frame(file: BinaryIO, start: int) -> int | None:
    """Where the first of several MP3 frames in a row begins, behind padding and whatever else is in front of it."""
    file.seek(start)
    window = file.read(FIRST_FRAME_WITHIN)
    at = window.find(b"\xff")
    while at >= 0:
        if _is_row(file, start + at):
            return start + at
        at = window.find(b"\xff", at + 1)
    return None


def _is_row(file: BinaryIO, at: int) -> bool:
    """Whether so many frames follow each other here, or all that are left of the file."""
    kind: tuple[int, ...] | None = None
    for count in range(FRAMES_IN_A_ROW):
        file.seek(at)
        head = file.read(4)
        if not head and count > 1:
            return True
        frame = Frame.of(head)
        if frame is None or kind not in (None, (frame.sample_rate, frame.samples)):
            return False
        kind = (frame.sample_rate, frame.samples)
        at += frame.size
    return True


def mean_bitrate(path: Path) -> int:
    """Bit/s of all frames of an MP3; 0 if there are none. Its first frame says little of a file of variable bitrate."""
    seconds, size = 0.0, 0
    with path.open("rb") as file:
        end = path.stat().st_size
        at = first_frame(file, min(id3_bytes(file), end))
        while at is not None and at < end:
            file.seek(at)
            if frame := Frame.of(file.read(4)):
                seconds, size, at = seconds + frame.samples / frame.sample_rate, size + frame.size, at + frame.size
            else:
                at = first_frame(file, at + 1)
    return round(size * 8 / seconds) if seconds else 0


@dataclass(frozen=True)
class Wav:
    """`seconds` is None if the file does not state them; `codec` names one that is not supported."""

    codec: str
    channels: int
    sample_rate: int
    bitrate: int
    seconds: float | None


def chunks(path: Path, start: int, end: int) -> Iterator[tuple[bytes, int, int, BinaryIO]]:
    """Name, place and size of each RIFF chunk."""
    with path.open("rb") as file:
        while start + 8 <= end:
            file.seek(start)
            head = file.read(8)
            size = int.from_bytes(head[4:], "little")
            yield head[:4], start + 8, size, file
            start += 8 + size + size % 2


def wav(path: Path) -> Wav:
    """Of RIFF, RF64 or BW64, whatever sizes were never filled in. Raises Damaged."""
    told: Wav | None = None
    long_bytes = 0
    for name, at, size, file in chunks(path, 12, path.stat().st_size):
        file.seek(at)
        if name == b"ds64":
            long_bytes = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"fmt ":
            told = _format(file.read(26))
        elif name == b"data" and told is not None:
            stated = long_bytes if size == 0xFFFFFFFF and long_bytes else size
            is_known = long_bytes == stated or 0 < stated < UNKNOWN_WAV_BYTES
            seconds = stated * 8 / told.bitrate if is_known and stated and told.bitrate else None
            return Wav(told.codec, told.channels, told.sample_rate, told.bitrate, seconds)
    raise Damaged("no sound in the WAV file")


def _format(head: bytes) -> Wav:
    numbers = [int.from_bytes(head[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (8, 12))]
    tag, channels, rate, byte_rate = numbers
    codec = WAV_CODECS.get(tag, f"{tag:#06x}")
    if len(head) < 14 or not (codec or (channels and rate and byte_rate)):
        raise Damaged("the WAV header is incomplete")
    return Wav(codec, channels, rate, byte_rate * 8, None)
