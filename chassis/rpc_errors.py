"""Errors on the wire: to a gRPC status with google.rpc details, and back."""

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import aio
from grpc_status import rpc_status

from chassis import errors

DOMAIN = "soundstage"

_CODES: dict[type[errors.Error], int] = {
    errors.NotFound: code_pb2.NOT_FOUND,
    errors.AlreadyExists: code_pb2.ALREADY_EXISTS,
    errors.Invalid: code_pb2.INVALID_ARGUMENT,
    errors.Unauthenticated: code_pb2.UNAUTHENTICATED,
    errors.Forbidden: code_pb2.PERMISSION_DENIED,
    errors.Conflict: code_pb2.FAILED_PRECONDITION,
    errors.RateLimited: code_pb2.RESOURCE_EXHAUSTED,
    errors.Unavailable: code_pb2.UNAVAILABLE,
    errors.Internal: code_pb2.INTERNAL,
}
_CLASSES = {code: kind for kind, code in _CODES.items()}
# gRPC's own codes when no server is there, none is free, or none answered in time.
_UNANSWERED = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def to_status(error: errors.Error) -> grpc.Status:
    """The status and trailers that carry class, reason, fields and retry delay."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    details = [_packed(info)]
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=f.field, description=f.message) for f in error.fields
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    if error.retry_after_seconds:
        delay = duration_pb2.Duration(nanos=int(error.retry_after_seconds % 1 * 1e9))
        delay.seconds = int(error.retry_after_seconds)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    code = next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)
    return rpc_status.to_status(status_pb2.Status(code=code, message=error.message, details=details))


def restore(failure: aio.AioRpcError) -> errors.Error:
    """The error that the service raised; Unavailable if it did not answer."""
    status = _status(failure)
    if status is None:
        return errors.Unavailable() if failure.code() in _UNANSWERED else errors.Internal()
    return _unpacked(_CLASSES[status.code], status)


def is_unanswered(failure: aio.AioRpcError) -> bool:
    """Whether the failure is gRPC's own, not the service's."""
    return _status(failure) is None


def _status(failure: aio.AioRpcError) -> status_pb2.Status | None:
    status = rpc_status.from_call(failure)  # type: ignore[arg-type]
    return status if status is not None and status.code in _CLASSES else None


def _packed(message: object) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)  # type: ignore[arg-type]
    return packed


def _unpacked(kind: type[errors.Error], status: status_pb2.Status) -> errors.Error:
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details:
        any(detail.Is(message.DESCRIPTOR) and detail.Unpack(message) for message in (info, bad, retry))
    fields = [errors.FieldError(v.field, v.description) for v in bad.field_violations]
    wait = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return kind(status.message, reason=info.reason, fields=fields, retry_after_seconds=wait)
