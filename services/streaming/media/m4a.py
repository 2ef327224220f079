"""What tracks an MP4 file has."""

from pathlib import Path
from typing import Any

from mutagen.mp4._atom import Atoms

from services.streaming.media.headers import NotTaken

PROTECTED = (b"enca", b"drms", b"p608")
# Names for people; empty: supported.
CODECS = {
    b"mp4a": "", b"alac": "", b"ac-3": "AC-3", b"ec-3": "E-AC-3", b"ac-4": "AC-4", b"dtsc": "DTS", b"samr": "AMR",
    b".mp3": "MP3", b"fLaC": "FLAC",
}  # fmt: skip


def check(path: Path) -> None:
    """Raises NotTaken for a video, protected sound, or sound in a codec that is not supported."""
    with path.open("rb") as file:
        tracks = [_Track(track, file) for track in Atoms(file)[b"moov"].findall(b"trak")]
    if any(track.handler == b"vide" and not track.is_still for track in tracks):
        raise NotTaken("video")
    codecs = [track.codec for track in tracks if track.handler == b"soun"]
    if any(codec in PROTECTED for codec in codecs):
        raise NotTaken("protected")
    unknown = [CODECS.get(codec, codec.decode("ascii", "replace").strip()) for codec in codecs]
    if unknown and all(unknown):
        raise NotTaken("codec", unknown[0])


class _Track:
    def __init__(self, track: Any, file: Any) -> None:
        self.handler = _payload(track, file, b"mdia", b"hdlr")[8:12]
        table = (b"mdia", b"minf", b"stbl")
        self.codec = _payload(track, file, *table, b"stsd")[12:16]
        self._samples = int.from_bytes(_payload(track, file, *table, b"stsz")[8:12], "big")
        self._time = _payload(track, file, b"mdia", b"mdhd")

    @property
    def is_still(self) -> bool:
        """At most a picture a second, as pictures of chapters are."""
        at, size = (20, 8) if self._time[:1] == b"\x01" else (12, 4)
        scale, length = (int.from_bytes(self._time[a:b], "big") for a, b in ((at, at + 4), (at + 4, at + 4 + size)))
        return self._samples <= 1 + length / max(1, scale)


def _payload(atom: Any, file: Any, *names: bytes) -> bytes:
    try:
        for name in names:
            atom = next(child for child in atom.children if child.name == name)
    except (StopIteration, TypeError):
        return b""
    file.seek(atom.offset + 8)
    return bytes(file.read(min(atom.length - 8, 4096)))
