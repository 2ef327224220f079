"""The service as a deployment runs it: processes of their own, gRPC, Kafka, the outbox."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from soundstage.catalog.v1 import tracks_pb2 as catalog
from soundstage.streaming.v1 import events_pb2, uploads_pb2
from soundstage.streaming.v1 import recordings_pb2 as recordings
from soundstage.streaming.v1.recordings_pb2_grpc import RecordingsServiceStub
from soundstage.streaming.v1.uploads_pb2_grpc import UploadsServiceStub

from chassis import migrate
from chassis.client import Channel, call, metadata
from chassis.errors import Invalid
from chassis.events import Event, Topic
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from deploy.local.ports import free_base
from services.streaming import events
from tests.support import audio
from tests.support.servers import Servers
from tests.support.waiting import until

OWNER = Principal(Kind.USER, new_id(), 7)
CHUNK = 256 * 1024
MIB = 1024 * 1024


class Service:
    def __init__(self, environ: dict[str, str], port: int) -> None:
        self.environ, self.port = environ, port

    @asynccontextmanager
    async def role(self, name: str) -> AsyncIterator[psutil.Process]:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.streaming", name, env=self.environ, stdout=sys.stderr
        )
        try:
            yield psutil.Process(child.pid)
        finally:
            child.terminate()
            assert await asyncio.wait_for(child.wait(), 15.0) == 0


@pytest.fixture
async def service(
    backing: Servers, new_database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Service]:
    port = free_base()
    environ = os.environ | {
        "STREAMING_DATABASE_URL": await new_database("streaming"),
        "STREAMING_PORT": str(port),
        "STREAMING_METRICS_PORT": "0",
        "STREAMING_SPOOL_DIR": str(tmp_path / "spool"),
        "STORAGE_URL": (tmp_path / "objects").as_uri(),
        "KAFKA_BOOTSTRAP": backing.kafka_bootstrap,
        "CATALOG_ADDRESS": "127.0.0.1:1",
    }
    topics = [Topic("soundstage.catalog.v1"), Topic("soundstage.market.v1"), *events.TOPICS]
    await migrate.make_topics(backing.kafka_bootstrap, topics, backing.kafka_replication)
    yield Service(environ, port)


@asynccontextmanager
async def dialled(service: Service) -> AsyncIterator[Channel]:
    channel = Channel(f"127.0.0.1:{service.port}")
    try:
        async with asyncio.timeout(20.0):
            await channel.grpc.channel_ready()
        yield channel
    finally:
        await channel.close()


async def parts(file: Path, most: int | None = None) -> AsyncIterator[uploads_pb2.ReceiveUploadRequest]:
    head = uploads_pb2.UploadHead(filename="../a\0.wav", declared_bytes=file.stat().st_size)
    yield uploads_pb2.ReceiveUploadRequest(head=head)
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            if most is not None and content.tell() > most:
                await asyncio.Event().wait()
            yield uploads_pb2.ReceiveUploadRequest(chunk=chunk)
    yield uploads_pb2.ReceiveUploadRequest(chunk=b"")  # the end


async def receive(channel: Channel, file: Path) -> uploads_pb2.ReceiveUploadResponse:
    stub = UploadsServiceStub(channel.grpc)
    answer: uploads_pb2.ReceiveUploadResponse = await call(
        stub.Receive, parts(file), caller=OWNER, timeout_seconds=60.0
    )
    return answer


async def test_an_upload_becomes_a_stream(service: Service, backing: Servers, tmp_path: Path) -> None:
    """All four roles, each a process; the event of its track comes over Kafka, and its end goes there."""
    async with (
        service.role("serve"),
        service.role("consume"),
        service.role("work"),
        service.role("relay"),
        dialled(service) as channel,
    ):
        received = await receive(channel, audio.make(tmp_path / "a.wav", 3.0))
        track_id = await _add_track(backing, received.recording_id)
        ready = await asyncio.wait_for(_ready(backing, received.recording_id), 60.0)
        assert (ready.track_id, ready.duration_ms) == (track_id, 3000)
        request = recordings.GetRecordingProgressRequest(recording_id=received.recording_id)
        progress = await call(RecordingsServiceStub(channel.grpc).GetProgress, request, caller=OWNER)
        assert (progress.state, progress.percent) == (recordings.RECORDING_STATE_READY, 100)


async def _add_track(backing: Servers, recording_id: str) -> str:
    state = catalog.TrackState(id=str(new_id()), owner_id=str(OWNER.user_id), recording_id=recording_id, version=1)
    state.status = catalog.TRACK_STATUS_PROCESSING
    event = Event.of("soundstage.catalog.v1", state.id, state, type="TrackAdded")
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka_bootstrap)
    await producer.start()
    await producer.send_and_wait(event.topic, event.payload, key=event.key.encode(), headers=event.headers())
    await producer.stop()
    return state.id


async def _ready(backing: Servers, recording_id: str) -> events_pb2.RecordingReady:
    consumer = AIOKafkaConsumer(
        events.RECORDINGS.name, bootstrap_servers=backing.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async for message in consumer:
            if message.key.decode() == recording_id:
                return events_pb2.RecordingReady.FromString(message.value)
    finally:
        await consumer.stop()
    raise AssertionError


async def test_a_caller_who_hangs_up_leaves_nothing(service: Service, tmp_path: Path) -> None:
    file = audio.make(tmp_path / "a.wav", 10.0)
    async with service.role("serve"), dialled(service) as channel:
        hung_up = UploadsServiceStub(channel.grpc).Receive(parts(file, most=MIB), metadata=metadata(OWNER))
        await until(lambda: any(p.stat().st_size >= MIB // 2 for p in tmp_path.glob("spool/*/*/original")))
        hung_up.cancel()
        await until(lambda: not list(tmp_path.glob("spool/*/*/original")))
        with pytest.raises(asyncio.CancelledError):
            await hung_up
        assert (await receive(channel, file)).format == "wav"
    assert not list(tmp_path.glob("spool/spool-*"))


async def test_a_wav_of_100_mib_raises_memory_by_less_than_32(service: Service, tmp_path: Path) -> None:
    small, large = audio.make(tmp_path / "small.wav", 1.0), tmp_path / "large.wav"
    noise = ("-f", "lavfi", "-i", "anoisesrc=r=44100:a=0.1:d=590", "-ac", "2")
    audio.run(*noise, large)
    assert 99 * MIB < large.stat().st_size <= 100 * MIB
    async with service.role("serve") as process, dialled(service) as channel:
        await receive(channel, small)
        before = _peak_bytes(process)
        received = await receive(channel, large)
        assert received.bytes == large.stat().st_size
        assert _peak_bytes(process) - before < 32 * MIB


def _peak_bytes(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


async def test_the_wire_refuses_what_is_no_upload(service: Service, tmp_path: Path) -> None:
    """Without a head, with a chunk that is too large, or without the empty chunk at the end."""
    content = audio.make(tmp_path / "a.mp3", 1.0).read_bytes()
    bad: list[list[dict[str, Any]]] = [
        [{"chunk": b"no head"}],
        [{"head": uploads_pb2.UploadHead()}, {"chunk": bytes(CHUNK + 1)}],
        [{"head": uploads_pb2.UploadHead()}, {"chunk": content}],
    ]

    async def parts_of(words: list[dict[str, Any]]) -> AsyncIterator[uploads_pb2.ReceiveUploadRequest]:
        for word in words:
            yield uploads_pb2.ReceiveUploadRequest(**word)

    async with service.role("serve"), dialled(service) as channel:
        stub = UploadsServiceStub(channel.grpc)
        for words in bad:
            with pytest.raises(Invalid):
                await call(stub.Receive, parts_of(words), caller=OWNER)
    assert not list(tmp_path.glob("objects/*/*"))
