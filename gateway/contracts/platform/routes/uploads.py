"""POST /tracks: the file goes on to streaming while it arrives, then catalog makes the track. Nothing is kept here."""

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
from gateway.contracts.platform import limits, mapping
from gateway.contracts.platform.schemas import TrackFields
from gateway.parts import Parts
from gateway.web.multipart import MAX_FIELD_BYTES, Field, File, Form
from gateway.web.reading import checked, idempotency_key
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
RECEIVE_SECONDS = 15 * 60.0
MAX_FILENAME = 255
# Answers that say for sure that no track was made; after any other there may be one.
_REFUSED = (errors.Invalid, errors.NotFound, errors.Forbidden)


@HANDLERS.on("uploadTrack", limits=(limits.UPLOADS,), budget_seconds=RECEIVE_SECONDS)
async def upload(parts: Parts, request: Request) -> JSONResponse:
    key = idempotency_key(request)
    fields, file, received = await _read(parts, request)
    asked = AddTrackRequest(
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
        answer = await ask(parts.services.tracks.Add, asked)
    except _REFUSED:
        await _withdraw(parts, received)
        raise
    if answer.track.recording_id != received.recording_id:
        # The key's first upload is the track; this one was sent for its answer.
        await _withdraw(parts, received)
    track = mapping.new_track(answer.track, parts.media, parts.origin(request))
    return JSONResponse(mapping.success({"track": track}), 201)


async def _read(parts: Parts, request: Request) -> tuple[TrackFields, File, ReceiveUploadResponse]:
    """The fields, which may come before and after the file, and the file's receipt."""
    texts: dict[str, str] = {}
    taken: tuple[File, ReceiveUploadResponse] | None = None
    try:
        async for part in Form(request).parts():
            if isinstance(part, Field):
                texts[part.name] = part.value
                continue
            if part.name != "file" or taken:
                raise _wrong(part.name, "is there twice" if part.name == "file" else "is not a known field")
            # What is known to be wrong by now need not cost an upload.
            checked(TrackFields, texts)
            taken = part, await _receive(parts, part, _declared_bytes(request))
        fields = checked(TrackFields, texts)
    except Exception:
        if taken is not None:
            await _withdraw(parts, taken[1])
        raise
    if taken is None:
        raise _wrong("file", "is required")
    return fields, *taken


async def _withdraw(parts: Parts, received: ReceiveUploadResponse) -> None:
    # Streaming away: it finds the recording by its age.
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
        # gRPC cancels the call when its source fails, and says no more than that.
        if failure:
            raise failure[0] from None
        raise


async def _requests(file: File, declared_bytes: int, failure: list[Exception]) -> AsyncIterator[ReceiveUploadRequest]:
    yield ReceiveUploadRequest(head=UploadHead(filename=file.filename[:MAX_FILENAME], declared_bytes=declared_bytes))
    try:
        async for chunk in file.chunks:
            yield ReceiveUploadRequest(chunk=chunk)
        # The end of the file. A call that is cut off looks to its server like one that has ended, but for this.
        yield ReceiveUploadRequest(chunk=b"")
    except Exception as raised:
        failure.append(raised)
        raise


def _declared_bytes(request: Request) -> int:
    """At least so many bytes the file will have: what the whole body has, less all that is not the file."""
    length = request.headers.get("content-length", "")
    return max(0, int(length[:18]) - 2 * MAX_FIELD_BYTES) if length.isdigit() else 0


def _form(fields: TrackFields) -> TrackForm:
    sent = {name: getattr(fields, name) for name in fields.model_fields_set if name != "tags"}
    tags = (tag.strip() for tag in (fields.tags or "").split(","))
    return TrackForm(**sent, tags=list(dict.fromkeys(tag for tag in tags if tag)))


def _tags(received: ReceiveUploadResponse) -> TrackForm:
    return TrackForm(**{field.name: value for field, value in received.tags.ListFields()})


def _wrong(field: str, message: str) -> errors.Invalid:
    return errors.Invalid(fields=(FieldError(field, message),))
