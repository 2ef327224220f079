"""POST /tracks: the file streams through to streaming as it arrives, then catalog adds the track."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from soundstage.catalog.v1.tracks_pb2 import AddTrackRequest, TrackForm
from soundstage.streaming.v1.uploads_pb2 import (
    ReceiveUploadRequest,
    ReceiveUploadResponse,
    UploadHead,
    WithdrawUploadRequest,
)

from chassis import errors
from chassis.errors import FieldError
from gateway.calls.wire import ask, send
from gateway.contract import Handlers
from gateway.contracts.platform import limits
from gateway.contracts.platform.envelope import success
from gateway.contracts.platform.tracks.mapping import new_track
from gateway.contracts.platform.uploads.schemas import TrackFields
from gateway.parts import Parts
from gateway.web.multipart import MAX_FIELD_BYTES, Field, File, Form
from gateway.web.reading import checked, idempotency_key
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
RECEIVE_SECONDS = 15 * 60.0
MAX_FILENAME = 255
# After these there is certainly no track; after any other error there may be one.
_REFUSED = (errors.Invalid, errors.NotFound, errors.Forbidden)


@HANDLERS.on("uploadTrack", limits=(limits.UPLOADS,), budget_seconds=RECEIVE_SECONDS)
async def upload(parts: Parts, request: Request) -> JSONResponse:
    key = idempotency_key(request)
    fields, file, received = await _read(parts, request)
    new = AddTrackRequest(
        recording_id=received.recording_id,
        filename=file.filename[:MAX_FILENAME],
        sha256=received.sha256,
        file_bytes=received.bytes,
        format=received.format,
        form=_form(fields),
        file_tags=_tags(received),
        idempotency_key=key,
    )
    try:
        answer = await ask(parts.services.tracks.Add, new)
    except _REFUSED:
        await _withdraw(parts, received)
        raise
    if answer.track.recording_id != received.recording_id:
        # The key's first upload is the track; this one was sent for its answer.
        await _withdraw(parts, received)
    return success({"track": new_track(answer.track, parts.media, parts.origin(request))}, 201)


async def _read(parts: Parts, request: Request) -> tuple[TrackFields, File, ReceiveUploadResponse]:
    """The fields, which may come before and after the file; the file; and streaming's receipt for it."""
    texts: dict[str, str] = {}
    taken: tuple[File, ReceiveUploadResponse] | None = None
    try:
        async for part in Form(request).parts():
            if isinstance(part, Field):
                texts[part.name] = part.value
                continue
            if part.name != "file" or taken:
                raise _invalid(part.name, "must appear once" if part.name == "file" else "is not a known field")
            # A field that is invalid already need not cost an upload.
            checked(TrackFields, texts)
            taken = part, await _receive(parts, part, _declared_bytes(request))
        fields = checked(TrackFields, texts)
    except Exception:
        if taken is not None:
            await _withdraw(parts, taken[1])
        raise
    if taken is None:
        raise _invalid("file", "is required")
    return fields, *taken


async def _withdraw(parts: Parts, received: ReceiveUploadResponse) -> None:
    # If streaming is down, it sweeps the recording later, by its age.
    with suppress(errors.Error):
        await ask(parts.services.uploads.Withdraw, WithdrawUploadRequest(recording_id=received.recording_id))


async def _receive(parts: Parts, file: File, declared_bytes: int) -> ReceiveUploadResponse:
    failure: list[Exception] = []
    try:
        return await send(
            parts.services.uploads.Receive,
            _requests(file, declared_bytes, failure),
            timeout_seconds=RECEIVE_SECONDS,
        )
    except asyncio.CancelledError:
        # gRPC cancels the call when its source fails, and keeps the reason to itself.
        if failure:
            raise failure[0] from None
        raise


async def _requests(file: File, declared_bytes: int, failure: list[Exception]) -> AsyncIterator[ReceiveUploadRequest]:
    yield ReceiveUploadRequest(head=UploadHead(filename=file.filename[:MAX_FILENAME], declared_bytes=declared_bytes))
    try:
        async for chunk in file.chunks:
            yield ReceiveUploadRequest(chunk=chunk)
        # Marks the end of the file: without it, the server could not tell the end from a dropped connection.
        yield ReceiveUploadRequest(chunk=b"")
    except Exception as raised:
        failure.append(raised)
        raise


def _declared_bytes(request: Request) -> int:
    """A lower bound of the file's size: the body's, less the most that everything else in it may take."""
    length = request.headers.get("content-length", "")
    return max(0, int(length[:18]) - 2 * MAX_FIELD_BYTES) if length.isdigit() else 0


def _form(fields: TrackFields) -> TrackForm:
    sent = {name: getattr(fields, name) for name in fields.model_fields_set if name != "tags"}
    tags = (tag.strip() for tag in (fields.tags or "").split(","))
    return TrackForm(**sent, tags=list(dict.fromkeys(tag for tag in tags if tag)))


def _tags(received: ReceiveUploadResponse) -> TrackForm:
    return TrackForm(**{field.name: value for field, value in received.tags.ListFields()})


def _invalid(field: str, message: str) -> errors.Invalid:
    return errors.Invalid(fields=(FieldError(field, message),))
