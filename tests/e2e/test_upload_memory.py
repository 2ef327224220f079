"""The largest file passes through every process without lying in the memory of any; what is cut off leaves nothing."""

import asyncio
import io
import math
import shlex
import socket
import struct
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.ports import SERVICES
from tests.support import memory
from tests.support.people import Person, Stage, ok, refused
from tests.support.system import System
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

MIB = memory.MIB
MAX_BYTES = 100 * MIB
MAX_GROWTH = 32 * MIB
QUOTA_BYTES = 1024 * MIB
# Some seconds, so that its processing is there to be looked at.
SHORT_BYTES = 8 * MIB
RATE, FRAME_BYTES = 192_000, 6
HEAD_BYTES = 44


class Wave(io.RawIOBase):
    """A WAV of stereo 24-bit tone at 192 kHz with exactly `size` bytes, made while it is read; may break off."""

    def __init__(self, size: int, *, breaks_at: int | None = None) -> None:
        frames = (size - HEAD_BYTES) // FRAME_BYTES * FRAME_BYTES
        shape = struct.pack("<IHHIIHH", 16, 1, 2, RATE, RATE * FRAME_BYTES, FRAME_BYTES, 24)
        self._head = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt " + shape + b"data" + struct.pack("<I", frames)
        self._size, self._place, self._breaks_at = size, 0, breaks_at
        # 480 frames are one period of 400 Hz.
        tone = array("i", (int(2**30 * math.sin(2 * math.pi * n / 480)) for n in range(480))).tobytes()
        samples = [tone[n + 1 : n + 4] * 2 for n in range(0, len(tone), 4)]
        self._period = b"".join(samples)

    def read(self, size: int = -1) -> bytes:
        if self._breaks_at is not None and self._place >= self._breaks_at:
            raise httpx.WriteError("the client goes away")
        end = self._size if size < 0 else min(self._size, self._place + size)
        start, self._place = self._place, end
        if start >= HEAD_BYTES:
            return self._tone(start - HEAD_BYTES, end - HEAD_BYTES)
        return self._head[start:end] + self._tone(0, max(0, end - HEAD_BYTES))

    def _tone(self, start: int, end: int) -> bytes:
        first = start % len(self._period)
        repeats = -(-(first + end - start) // len(self._period))
        return (self._period * repeats)[first : first + end - start]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place


def send(person: Person, wave: Wave) -> httpx.Response:
    return person.post("/tracks", files={"file": ("tone.wav", wave)}, timeout=120)


def transcoded(person: Person, answer: httpx.Response) -> str:
    track_id = str(ok(answer, 201)["track"]["id"])

    def is_completed() -> bool:
        state = ok(person.get(f"/tracks/{track_id}/status"))
        assert state["status"] != "failed", state
        return bool(state["status"] == "completed")

    eventually(is_completed)
    return track_id


# ---- what an upload may leave behind


def query(system: System, sql: str, *values: object) -> int:
    """One number from streaming's own database."""
    lines = (system.home / "run" / "addresses.env").read_text()
    words = dict(word.split("=", 1) for word in shlex.split(lines) if "=" in word)

    async def ask() -> Any:
        conn = await asyncpg.connect(words["DATABASE_URL"].rsplit("/", 1)[0] + "/streaming")
        try:
            return await conn.fetchval(sql, *values)
        finally:
            await conn.close()

    return int(asyncio.run(ask()))


def reserved(system: System, person: Person) -> int:
    return query(system, "SELECT coalesce(sum(reserved_bytes), 0) FROM uploads WHERE owner_id = $1", person.id)


def recordings(system: System, person: Person) -> int:
    return query(system, "SELECT count(*) FROM recordings WHERE owner_id = $1", person.id)


def spooled(system: System) -> list[Path]:
    return [path for path in (system.home / "spool").glob("spool-*/*") if path.is_dir()]


def originals(system: System) -> set[str]:
    return {path.name for path in (system.home / "objects" / "originals").glob("*")}


# ---- the stories


@pytest.fixture
def warm(running_system: System, artist: Person) -> memory.Peaks:
    """Everything has been used once, so what grows later grows with the file; and what a short file needs."""
    with memory.watched(running_system.home, ("gateway", *SERVICES)) as peaks:
        transcoded(artist, send(artist, Wave(SHORT_BYTES)))
    return peaks


def test_the_largest_file_lies_in_no_memory(running_system: System, artist: Person, warm: memory.Peaks) -> None:
    with memory.watched(running_system.home, ("gateway", *SERVICES)) as uploading:
        answer = send(artist, Wave(MAX_BYTES))
    with memory.watched(running_system.home, ("gateway", *SERVICES)) as transcoding:
        track_id = transcoded(artist, answer)
    assert artist.track(track_id)["duration"] == round((MAX_BYTES - HEAD_BYTES) / RATE / FRAME_BYTES)
    for peaks in (uploading, transcoding):
        assert max(peaks.grown.values()) <= MAX_GROWTH, peaks
        for program, peak in peaks.children.items():
            assert peak - warm.children.get(program, 0) <= MAX_GROWTH, (program, peaks, warm)
    assert any("ffmpeg" in program for program in transcoding.children), transcoding


def test_one_byte_more_is_too_large(running_system: System, artist: Person) -> None:
    before = originals(running_system)
    refused(send(artist, Wave(MAX_BYTES + 1)), 413, "PAYLOAD_TOO_LARGE")
    assert (recordings(running_system, artist), reserved(running_system, artist)) == (0, 0)
    assert originals(running_system) == before
    assert not spooled(running_system)


def test_a_client_that_goes_away_leaves_nothing(running_system: System, artist: Person) -> None:
    before = originals(running_system)
    with pytest.raises(httpx.WriteError):
        send(artist, Wave(MAX_BYTES, breaks_at=20 * MIB))
    eventually(lambda: not spooled(running_system) and reserved(running_system, artist) == 0)
    assert recordings(running_system, artist) == 0
    assert originals(running_system) == before
    assert ok(artist.get("/tracks", params={"user_id": artist.id}))["tracks"] == []


@contextmanager
def begun(stage: Stage, person: Person, file_bytes: int) -> Iterator[Callable[[], tuple[int, bytes]]]:
    """An upload that says how large it will be, sends the file's beginning and waits; answers what it is told."""
    url, start = httpx.URL(stage.url), Wave(file_bytes).read(64 * 1024)
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="tone.wav"\r\n\r\n'
    head = (
        f"POST /api/v1/tracks HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        f"Authorization: Bearer {person.token['access_token']}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(form) + file_bytes + 9}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(head.encode() + form + start)
        yield lambda: told_by(connection)


def told_by(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the answer, however many packets it comes in."""
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def test_a_quota_that_is_used_up_by_what_is_on_its_way(running_system: System, stage: Stage, artist: Person) -> None:
    held = QUOTA_BYTES // MAX_BYTES
    with ExitStack() as uploads:
        for _ in range(held):
            uploads.enter_context(begun(stage, artist, MAX_BYTES))
        eventually(lambda: reserved(running_system, artist) > (held - 1) * MAX_BYTES)
        eventually(lambda: query(running_system, "SELECT count(*) FROM uploads WHERE owner_id = $1", artist.id) == held)
        with begun(stage, artist, MAX_BYTES) as told:
            status, answer = told()
        assert status == 413
        assert b'"QUOTA_EXCEEDED"' in answer
        assert recordings(running_system, artist) == 0
    eventually(lambda: reserved(running_system, artist) == 0 and not spooled(running_system))
    ok(send(artist, Wave(MIB)), 201)


def test_a_file_of_which_no_track_is_made_is_given_back(running_system: System, artist: Person) -> None:
    """The same upload again is asked for its answer alone, and a bad field may come behind the file."""
    keyed = {"Idempotency-Key": "one-tune"}
    files = {"file": ("tone.wav", Wave(MIB).read())}
    first = ok(artist.post("/tracks", files=files, headers=keyed), 201)
    assert ok(artist.post("/tracks", files=files, headers=keyed), 201) == first
    other = artist.post("/tracks", files=files, headers=keyed, data={"title": "Another"})
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")
    behind = {**files, "price": (None, "7")}
    refused(artist.post("/tracks", files=behind), 422, "VALIDATION_ERROR")
    sql = "SELECT count(*) FROM recordings WHERE owner_id = $1 AND state <> 'removed'"
    assert query(running_system, sql, artist.id) == 1
