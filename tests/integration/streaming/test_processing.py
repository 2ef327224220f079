import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from soundstage.streaming.v1 import events_pb2 as pb

from chassis import principal
from chassis.errors import Forbidden, Invalid, NotFound, Unavailable
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from services.streaming import jobs
from services.streaming.recordings.recording import State
from services.streaming.transcoding import processing
from tests.integration.streaming.conftest import Streaming, until_row
from tests.support import audio
from tests.support.outbox import EVENTS
from tests.support.waiting import PATIENCE_SECONDS

OUTBOX = f"SELECT type, key, payload FROM {EVENTS} ORDER BY id"


async def uploaded(streaming: Streaming, file: Path) -> UUID:
    return (await streaming.receive(file)).recording_id


async def state(streaming: Streaming, recording_id: UUID) -> tuple[State, int]:
    found = await streaming.recordings.get_progress(streaming.owner, recording_id)
    return found.state, found.percent


async def test_a_track_makes_its_recording_ready(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.wav", 5.0))
    assert await state(streaming, recording_id) == (State.RECEIVED, 0)
    track = streaming.track(recording_id)
    for _ in range(2):  # events may come twice
        await streaming.recordings.apply_track(track)
    assert await state(streaming, recording_id) == (State.TRANSCODING, 0)
    worker = streaming.processing()
    assert await worker.work_once() and not await worker.work_once()
    assert await state(streaming, recording_id) == (State.READY, 100)
    (event,) = await streaming.fetch(OUTBOX)
    ready = pb.RecordingReady.FromString(event["payload"])  # type: ignore[arg-type]
    assert (event["type"], event["key"]) == ("RecordingReady", str(recording_id))
    assert (ready.track_id, ready.duration_ms) == (str(track.id), 5000)
    assert ready.progressive_object == f"recordings/{recording_id}/audio.mp3" and ready.HasField("integrated_lufs")
    names = streaming.names()
    for name in (
        "main.m3u8",
        "ts.m3u8",
        "256k.m3u8",
        "256k_init.mp4",
        "256k_1.m4s",
        "ts_1.ts",
        "waveform.json",
        "audio.mp3",
    ):
        assert f"recordings/{recording_id}/{name}" in names
    waveform = json.loads((streaming.stored / f"recordings/{recording_id}/waveform.json").read_text())
    assert len(waveform["peaks"]) == 1000 and waveform["duration_ms"] == 5000


async def test_of_an_uploaded_mp3_everybody_gets_a_copy(streaming: Streaming, tmp_path: Path) -> None:
    """The original may be sold, and has the owner's private words."""
    words = ("-metadata", "title=Shown", "-metadata", "artist=Somebody", "-metadata", "comment=secret")
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0, options=words))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    await streaming.processing().work_once()
    (event,) = await streaming.fetch(OUTBOX)
    ready = pb.RecordingReady.FromString(event["payload"])  # type: ignore[arg-type]
    assert ready.progressive_object == f"recordings/{recording_id}/audio.mp3"
    served = tmp_path / "served.mp3"
    await streaming.objects.fetch(ready.progressive_object, served)
    assert b"secret" not in served.read_bytes()
    assert all(word in served.read_bytes().replace(b"\0", b"") for word in (b"Shown", b"Somebody"))


async def test_a_file_that_cannot_be_decoded_fails_with_a_sentence(streaming: Streaming, tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.flac", 4.0)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    recording_id = await uploaded(streaming, file)
    await streaming.recordings.apply_track(streaming.track(recording_id))
    await streaming.processing().work_once()
    found = await streaming.recordings.get_progress(streaming.owner, recording_id)
    assert found.state is State.FAILED and found.percent < 100
    assert found.reason and found.reason.startswith("The file ")
    (event,) = await streaming.fetch(OUTBOX)
    assert pb.RecordingFailed.FromString(event["payload"]).reason == found.reason  # type: ignore[arg-type]
    assert await streaming.fetch("SELECT * FROM jobs") == []


async def test_a_track_of_another_owner_is_set_aside(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    with pytest.raises(Invalid):
        await streaming.recordings.apply_track(streaming.track(recording_id, owner_id=new_id()))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    with pytest.raises(Invalid):
        await streaming.recordings.apply_track(streaming.track(recording_id))
    assert len(await streaming.fetch("SELECT * FROM jobs")) == 1


async def test_a_track_whose_upload_expired_fails(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    async with streaming.database.connection() as conn:
        await conn.execute("UPDATE recordings SET received_at = received_at - interval '2 hours'")
    await streaming.sweeper.sweep()
    assert streaming.names() == []
    await streaming.recordings.apply_track(streaming.track(recording_id))
    (event,) = await streaming.fetch(OUTBOX)
    assert event["type"] == "RecordingFailed"


async def test_a_removed_track_takes_its_renditions_and_leaves_the_original(
    streaming: Streaming, tmp_path: Path
) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.wav", 1.0))
    track = streaming.track(recording_id)
    await streaming.recordings.apply_track(track)
    await streaming.processing().work_once()
    await streaming.recordings.apply_track(streaming.track(recording_id, 2, id=track.id, is_removed=True))
    await streaming.recordings.keep_original(recording_id)
    await streaming.sweeper.sweep()
    assert streaming.names() == [f"originals/{recording_id}"]
    with pytest.raises(NotFound):
        await state(streaming, recording_id)
    await streaming.recordings.release_original(recording_id)
    await streaming.sweeper.sweep()
    assert streaming.names() == []


async def test_a_removal_that_overtakes_the_adding_wins(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    track = streaming.track(recording_id)
    await streaming.recordings.apply_track(streaming.track(recording_id, 2, id=track.id, is_removed=True))
    await streaming.recordings.apply_track(track)
    assert await streaming.fetch("SELECT * FROM jobs") == []


async def test_a_track_removed_while_in_work_leaves_nothing(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "BEAT_SECONDS", 0.02)
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.m4a", 90.0))
    track = streaming.track(recording_id)
    await streaming.recordings.apply_track(track)
    work = asyncio.create_task(streaming.processing().work_once())
    await until_row(streaming, "SELECT 1 FROM recordings WHERE percent > 0")
    await streaming.recordings.apply_track(streaming.track(recording_id, 2, id=track.id, is_removed=True))
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    assert streaming.names() == [f"originals/{recording_id}"]
    assert await streaming.fetch(OUTBOX) == []


async def test_a_crashed_worker_loses_its_lease_and_the_job_comes_again(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    async with streaming.database.transaction() as conn:
        assert await jobs.take(conn, new_id())  # and never heard of again
    assert not await streaming.processing().work_once()
    async with streaming.database.connection() as conn:
        await conn.execute("UPDATE jobs SET run_at = clock_timestamp()")
        await conn.execute("UPDATE recordings SET percent = 60")
    assert await streaming.processing().work_once()
    assert await state(streaming, recording_id) == (State.READY, 100)


async def test_the_queue_tells_how_many_wait_and_for_how_long(streaming: Streaming, tmp_path: Path) -> None:
    async def told() -> list[float]:
        await streaming.sweeper.sweep()
        names = ("soundstage_jobs_waiting", "soundstage_jobs_oldest_seconds")
        return [REGISTRY.get_sample_value(name, {"kind": "transcode"}) or 0.0 for name in names]

    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    async with streaming.database.connection() as conn:
        await conn.execute("UPDATE jobs SET run_at = run_at - interval '1 hour'")
    waiting, oldest_seconds = await told()
    assert waiting == 1 and 3600 <= oldest_seconds < 7200
    assert await streaming.processing().work_once()
    assert await told() == [0.0, 0.0]


async def test_one_that_lost_its_lease_writes_no_end(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    slow, quick = streaming.processing(), streaming.processing()
    async with streaming.database.transaction() as conn:
        job = await jobs.take(conn, slow._id)
        await conn.execute("UPDATE jobs SET run_at = clock_timestamp()")
    assert job and await quick.work_once()
    recording = await streaming.recordings.get_progress(streaming.owner, recording_id)
    before = streaming.names()
    await slow._attempt(job, recording)
    assert streaming.names() == before and len(await streaming.fetch(OUTBOX)) == 1


async def test_a_store_that_is_away_costs_no_attempt(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    worker = streaming.processing()

    async def away(*_: object) -> None:
        raise Unavailable()

    with monkeypatch.context() as broken:
        broken.setattr(streaming.objects, "fetch", away)
        assert await worker.work_once()
    assert (await streaming.fetch("SELECT attempts FROM jobs")) == [{"attempts": 0}]


async def test_what_fails_again_and_again_ends(
    streaming: Streaming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))

    async def broken(*_: object) -> None:
        raise OSError("killed")

    monkeypatch.setattr(processing, "transcode", broken)
    for _ in range(processing.MAX_ATTEMPTS):
        async with streaming.database.connection() as conn:
            await conn.execute("UPDATE jobs SET run_at = clock_timestamp()")
        assert await streaming.processing().work_once()
    found = await streaming.recordings.get_progress(streaming.owner, recording_id)
    assert (found.state, found.reason) == (State.FAILED, processing.GAVE_UP)


async def test_stopping_gives_the_job_back(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.m4a", 90.0))
    await streaming.recordings.apply_track(streaming.track(recording_id))
    stop = asyncio.Event()
    work = asyncio.create_task(streaming.processing().run(stop))
    await until_row(streaming, "SELECT 1 FROM jobs WHERE leased_by IS NOT NULL")
    stop.set()
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    assert await streaming.fetch("SELECT leased_by, attempts FROM jobs") == [{"leased_by": None, "attempts": 0}]
    assert streaming.names() == [f"originals/{recording_id}"]


async def test_progress_is_for_the_owner_and_admins(streaming: Streaming, tmp_path: Path) -> None:
    recording_id = await uploaded(streaming, audio.make(tmp_path / "a.mp3", 1.0))
    admin = Principal(Kind.USER, new_id(), 8, role="admin")
    assert (await streaming.recordings.get_progress(admin, recording_id)).id == recording_id
    for stranger in (Principal(Kind.USER, new_id(), 9), principal.ANONYMOUS):
        with pytest.raises(Forbidden):
            await streaming.recordings.get_progress(stranger, recording_id)
    with pytest.raises(NotFound):
        await streaming.recordings.get_progress(streaming.owner, new_id())
