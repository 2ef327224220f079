"""No room where uploads are spooled: they are refused as the contract says, nothing stays, and plays go on.

The limit on the size of a file stands in for the full disk: it needs no root and takes back no byte from anybody else.
"""

import resource
from pathlib import Path

import pytest

from tests.chaos.stand import Stand
from tests.support import audio

RESERVED = "SELECT count(*) FROM uploads"
ROOM_BYTES = 64 * 1024
FULL = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audio.make(tmp_path_factory.mktemp("large") / "large.wav", 10.0)


def test_uploads_find_no_room(stand: Stand, recording: Path) -> None:
    spool, objects = stand.home.root / "spool", stand.home.root / "objects"
    with stand.run("disk full for uploads") as writers:
        writers.until(0.2)
        streaming, before = stand.process("streaming-serve"), files(objects)
        streaming.rlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
        try:
            for _ in range(3):
                with recording.open("rb") as file:
                    answer = stand.artist.post("/tracks", files={"file": ("large.wav", file)}, data={"title": "None"})
                assert answer.status_code in (503, 507), answer.text
                assert answer.json()["success"] is False
                assert answer.json()["error"]["code"] in ("SERVICE_UNAVAILABLE", "INSUFFICIENT_STORAGE")
        finally:
            streaming.rlimit(resource.RLIMIT_FSIZE, FULL)
        assert files(objects) == before
        assert not [path for path in files(spool) if path.name != "lock"]
        assert stand.rows("streaming", RESERVED) == [(0,)]
    stand.release()


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
