"""kill -9 at the very points where two stores disagree: after one was written and before the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.conftest import MakeStand
from tests.chaos.crash import points
from tests.chaos.stand import Stand
from tests.support.outbox import EVENTS
from tests.support.people import ok
from tests.support.waiting import eventually

TIMES = 4
# So slow that there still is something to die of when the process is back for the fourth time.
RUN_SECONDS = 30.0
UPLOAD_SECONDS = 10.0
SWEPT_SECONDS = 60.0
RESERVED = "SELECT count(*) FROM uploads"
READY = f"SELECT count(*) FROM {EVENTS} WHERE type = 'RecordingReady'"


@pytest.fixture(scope="module")
def stand(make_stand: MakeStand) -> Iterator[Stand]:
    with make_stand(PYTHONPATH=points.PATH, STREAMING_UPLOAD_SECONDS=str(UPLOAD_SECONDS)) as stand:
        yield stand


@pytest.mark.parametrize("name", points.PLAYS)
def test_killed_between_two_stores(stand: Stand, name: str) -> None:
    with stand.run(f"kill -9 when {name}", lasting=RUN_SECONDS) as writers:
        for time in range(TIMES):
            writers.until((time + 1) / (TIMES + 2))
            stand.crash(points.PLAYS[name])


def test_killed_between_an_upload_s_object_and_its_row(stand: Stand, tune: Path) -> None:
    """Nothing of it is shown, and its object and its reservation are swept."""
    before, shown = stand.files("objects"), ok(stand.artist.get("/tracks"))
    stand.arm(points.STORED)
    with tune.open("rb") as file:
        answer = stand.artist.post("/tracks", files={"file": ("tune.mp3", file)}, data={"title": "Half"})
    assert answer.status_code == 503, answer.text
    stand.until_crashed(points.STORED)
    assert stand.files("objects") > before
    assert stand.rows("streaming", RESERVED) == [(1,)]
    eventually(lambda: stand.files("objects") == before, seconds=SWEPT_SECONDS)
    assert stand.rows("streaming", RESERVED) == [(0,)]
    assert ok(stand.artist.get("/tracks")) == shown
    stand.release()
    assert not stand.files("spool")


def test_killed_between_the_files_of_a_recording_and_its_end(stand: Stand, tune: Path) -> None:
    """Made once more when the lease has run out, and told once."""
    [(before,)] = stand.rows("streaming", READY)
    stand.arm(points.TRANSCODED)
    track = stand.artist.upload(tune, title="Twice")
    stand.until_crashed(points.TRANSCODED)
    assert stand.artist.track(track["id"])["status"] == "processing"
    eventually(lambda: stand.artist.track(track["id"])["status"] == "completed", seconds=90)
    eventually(lambda: not stand.files("spool"))
    assert stand.rows("streaming", READY) == [(before + 1,)]
