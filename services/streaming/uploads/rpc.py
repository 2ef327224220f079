"""Uploads on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.streaming.v1 import uploads_pb2 as pb
from soundstage.streaming.v1.uploads_pb2_grpc import UploadsServiceServicer

from chassis.errors import Invalid
from chassis.ids import parse
from chassis.principal import Kind, allow, current
from services.streaming.uploads.domain import Uploads
from services.streaming.uploads.upload import Received, cut_short

MAX_CHUNK_BYTES = 256 * 1024


class UploadsRpc(UploadsServiceServicer):
    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @allow(Kind.USER)
    async def Receive(
        self, request_iterator: AsyncIterator[pb.ReceiveUploadRequest], context: Any
    ) -> pb.ReceiveUploadResponse:
        head = await _head(request_iterator)
        received = await self._uploads.receive(current(), head.declared_bytes, _chunks(request_iterator))
        return _response(received)

    @allow(Kind.USER)
    async def Withdraw(self, request: pb.WithdrawUploadRequest, context: Any) -> pb.WithdrawUploadResponse:
        await self._uploads.withdraw(current(), parse(request.recording_id, field="recording_id"))
        return pb.WithdrawUploadResponse()


async def _head(parts: AsyncIterator[pb.ReceiveUploadRequest]) -> pb.UploadHead:
    async for part in parts:
        if part.HasField("head"):
            return part.head
        break
    raise Invalid("The first message must describe the file")


async def _chunks(parts: AsyncIterator[pb.ReceiveUploadRequest]) -> AsyncIterator[bytes]:
    """Reads up to the empty chunk that ends a file: on a disconnect, grpc.aio's iterator may just end as if all were
    there, and only a later await is cancelled.
    """
    async for part in parts:
        if not part.HasField("chunk") or len(part.chunk) > MAX_CHUNK_BYTES:
            raise Invalid(f"A chunk must have at most {MAX_CHUNK_BYTES} bytes")
        if not part.chunk:
            return
        yield part.chunk
    raise cut_short()


def _response(received: Received) -> pb.ReceiveUploadResponse:
    tags = received.tags
    return pb.ReceiveUploadResponse(
        recording_id=str(received.recording_id),
        sha256=received.sha256.hex(),
        md5=received.md5.hex(),
        bytes=received.size_bytes,
        format=received.format,
        tags=pb.FileTags(title=tags.title, artist=tags.artist, album=tags.album, genre=tags.genre, year=tags.year),
    )
