"""Streams on the wire."""

from typing import Any

from soundstage.streaming.v1 import streams_pb2 as pb
from soundstage.streaming.v1.streams_pb2_grpc import StreamsServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, current
from services.streaming.streams.domain import Streams


class StreamsRpc(StreamsServiceServicer):
    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    @allow(Kind.USER, Kind.DELEGATION, Kind.SESSION)
    async def Open(self, request: pb.OpenStreamRequest, context: Any) -> pb.OpenStreamResponse:
        opened = await self._streams.open(current(), parse(request.stream_id, field="stream_id"))
        return pb.OpenStreamResponse(folder=opened.folder, playlist=opened.playlist)
