"""Recordings on the wire."""

from typing import Any

from soundstage.streaming.v1 import recordings_pb2 as pb
from soundstage.streaming.v1.recordings_pb2_grpc import RecordingsServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, current
from services.streaming.recordings.domain import Recordings
from services.streaming.recordings.recording import State

STATES = {
    State.RECEIVED: pb.RECORDING_STATE_RECEIVED,
    State.TRANSCODING: pb.RECORDING_STATE_TRANSCODING,
    State.READY: pb.RECORDING_STATE_READY,
    State.FAILED: pb.RECORDING_STATE_FAILED,
}


class RecordingsRpc(RecordingsServiceServicer):
    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    @allow(Kind.USER)
    async def GetProgress(
        self, request: pb.GetRecordingProgressRequest, context: Any
    ) -> pb.GetRecordingProgressResponse:
        recording_id = parse(request.recording_id, field="recording_id")
        found = await self._recordings.get_progress(current(), recording_id)
        return pb.GetRecordingProgressResponse(
            state=STATES[found.state], percent=found.percent, reason=found.reason or ""
        )
