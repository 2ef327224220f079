from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from soundstage.streaming.v1 import uploads_pb2 as pb
from soundstage.streaming.v1 import uploads_pb2_grpc

from chassis import principal
from chassis.errors import FieldError, Invalid
from chassis.principal import Kind, allow
from services.streaming.uploads.domain import Received, Uploads, cut_short

MAX_CHUNK_BYTES = 256 * 1024


class UploadsServicer(uploads_pb2_grpc.UploadsServiceServicer):
    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @allow(Kind.USER)
    async def Receive(
        self, request_iterator: AsyncIterator[pb.ReceiveUploadRequest], context: Any
    ) -> pb.ReceiveUploadResponse:
        head = await _head(request_iterator)
        received = await self._uploads.receive(principal.current(), head.declared_bytes, _chunks(request_iterator))
        return _response(received)

    @allow(Kind.USER)
    async def Withdraw(self, request: pb.WithdrawUploadRequest, context: Any) -> pb.WithdrawUploadResponse:
        await self._uploads.withdraw(principal.current(), _id(request.recording_id))
        return pb.WithdrawUploadResponse()


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(fields=[FieldError("recording_id", "must be a UUID")]) from None


async def _head(parts: AsyncIterator[pb.ReceiveUploadRequest]) -> pb.UploadHead:
    async for part in parts:
        if part.HasField("head"):
            return part.head
        break
    raise Invalid("The first message describes the file")


async def _chunks(parts: AsyncIterator[pb.ReceiveUploadRequest]) -> AsyncIterator[bytes]:
    """Up to the empty chunk that ends a file: when a caller goes away, grpc.aio's iterator may just end as if all were
    there, and only a later await is cancelled.
    """
    async for part in parts:
        if not part.HasField("chunk") or len(part.chunk) > MAX_CHUNK_BYTES:
            raise Invalid(f"A chunk has at most {MAX_CHUNK_BYTES} bytes")
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
