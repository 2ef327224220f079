from collections.abc import AsyncIterator

from soundstage.streaming.v1 import recordings_pb2 as recordings
from soundstage.streaming.v1 import streams_pb2 as streams
from soundstage.streaming.v1 import uploads_pb2 as uploads
from soundstage.streaming.v1.recordings_pb2_grpc import RecordingsServiceStub
from soundstage.streaming.v1.streams_pb2_grpc import StreamsServiceStub
from soundstage.streaming.v1.uploads_pb2_grpc import UploadsServiceStub

from chassis import client
from chassis.client import Channel
from gateway.calls.wire import ask

RECEIVE_SECONDS = 15 * 60.0


class Streaming:
    def __init__(self, address: str) -> None:
        files = (recordings.DESCRIPTOR, streams.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._uploads = UploadsServiceStub(channel.grpc)
        self._recordings = RecordingsServiceStub(channel.grpc)
        self._streams = StreamsServiceStub(channel.grpc)

    async def receive(self, parts: AsyncIterator[uploads.ReceiveUploadRequest]) -> uploads.ReceiveUploadResponse:
        """Sends a file as it arrives; cancelling this cancels the call, and the service keeps nothing."""
        answer: uploads.ReceiveUploadResponse = await client.call(
            self._uploads.Receive, parts, timeout_seconds=RECEIVE_SECONDS
        )
        return answer

    async def withdraw(self, recording_id: str) -> None:
        await ask(self._uploads.Withdraw, uploads.WithdrawUploadRequest(recording_id=recording_id))

    async def get_progress(
        self, request: recordings.GetRecordingProgressRequest
    ) -> recordings.GetRecordingProgressResponse:
        return await ask(self._recordings.GetProgress, request)

    async def open_stream(self, request: streams.OpenStreamRequest) -> streams.OpenStreamResponse:
        return await ask(self._streams.Open, request)
