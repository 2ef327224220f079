"""No room: what needs it is refused as the contract says, nothing half-written stays, and the rest goes on.

Where no small disk may be mounted, a limit on the size of a file stands in for the full one under uploads: it needs
no root and takes back no byte from anybody else.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.chaos import disk
from tests.chaos.conftest import MakeStand
from tests.chaos.stand import Stand
from tests.support import audio
from tests.support.waiting import eventually

RESERVED = "SELECT count(*) FROM uploads"
ROOM_BYTES = 64 * 1024
ENDLESS = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
# Folders of the home that get a disk of their own, in MiB. Postgres and Kafka set room aside before they need it.
DISKS = {"spool": 64, "objects": 64, "postgres": 512, "kafka/log": 256}
RUN_SECONDS, FELT_SECONDS, FULL_SECONDS = 30.0, 60.0, 10.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audio.make(tmp_path_factory.mktemp("large") / "large.wav", 10.0)


@pytest.fixture(scope="module")
def cramped(make_stand: MakeStand) -> Iterator[Stand]:
    with TemporaryDirectory(prefix="soundstage-") as folder, ExitStack() as stack:
        home = Path(folder) / "home"
        for name, mebibytes in DISKS.items():
            stack.enter_context(disk.mounted(home / name, mebibytes))
        yield stack.enter_context(make_stand(home=home))


def test_uploads_may_write_no_further(stand: Stand, recording: Path) -> None:
    refuses_uploads(stand, recording, "files limited for uploads", limited(stand))


@pytest.mark.parametrize("folder", ["spool", "objects"])
def test_uploads_find_no_room(cramped: Stand, recording: Path, folder: str) -> None:
    full = disk.filled(cramped.home.root / folder)
    refuses_uploads(cramped, recording, f"disk full under {folder}", full)


def test_postgres_finds_no_room(cramped: Stand) -> None:
    """No play is taken that it could not keep."""
    with cramped.run("disk full under Postgres", lasting=RUN_SECONDS) as writers:
        writers.until(0.3)
        with disk.filled(cramped.home.root / "postgres"):
            eventually(lambda: writers.were_told(503), seconds=FELT_SECONDS)
            time.sleep(FULL_SECONDS)  # the fault itself is this long


def test_the_broker_finds_no_room(cramped: Stand) -> None:
    """It ends, and ends again as often as it is started; plays are taken all the same."""
    with cramped.run("disk full under the broker", lasting=RUN_SECONDS) as writers:
        writers.until(0.3)
        before = cramped.lives("kafka")
        with disk.filled(cramped.home.root / "kafka" / "log"):
            eventually(lambda: cramped.lives("kafka") != before, seconds=FELT_SECONDS)
            time.sleep(FULL_SECONDS)  # the fault itself is this long
        assert not writers.were_told(503)


def refuses_uploads(stand: Stand, recording: Path, fault: str, full: AbstractContextManager[None]) -> None:
    with stand.run(fault) as writers:
        before = stand.files("objects")
        writers.until(0.2)
        with full:
            for _ in range(3):
                with recording.open("rb") as file:
                    answer = stand.artist.post("/tracks", files={"file": ("large.wav", file)}, data={"title": "None"})
                assert answer.status_code in (503, 507), answer.text
                assert answer.json()["success"] is False
                assert answer.json()["error"]["code"] in ("SERVICE_UNAVAILABLE", "INSUFFICIENT_STORAGE")
        assert (stand.files("objects"), stand.files("spool")) == (before, set())
        assert stand.rows("streaming", RESERVED) == [(0,)]
    stand.release()


@contextmanager
def limited(stand: Stand) -> Iterator[None]:
    streaming = stand.process("streaming-serve")
    streaming.rlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        streaming.rlimit(resource.RLIMIT_FSIZE, ENDLESS)
