"""`Idempotency-Key`: the first answer is stored in the business transaction and repeated for a day."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from google.protobuf.message import Message

from chassis.errors import Conflict, FieldError, Invalid
from chassis.postgres import Connection

KEPT = timedelta(hours=24)

LOCK_KEY = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
GET_ANSWER = """
SELECT fingerprint, answer FROM idempotency_keys
WHERE caller = $1 AND operation = $2 AND key = $3 AND created_at > clock_timestamp() - $4::interval
"""
KEEP_ANSWER = """
INSERT INTO idempotency_keys (caller, operation, key, fingerprint, answer) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (caller, operation, key)
DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = clock_timestamp()
"""
FORGET_ANSWER = "DELETE FROM idempotency_keys WHERE caller = $1 AND operation = $2 AND key = $3"
FORGET_OLD = "DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - $1::interval"


def fingerprint(request: Message) -> bytes:
    """A digest that distinguishes a repeat of `request` from another request under the same key."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def reused() -> Invalid:
    message = "This Idempotency-Key was used with another body"
    return Invalid(message, reason="IDEMPOTENCY_KEY_REUSED", fields=[FieldError("Idempotency-Key", message)])


def in_flight() -> Conflict:
    message = "A request with this Idempotency-Key is still being handled"
    return Conflict(message, reason="IDEMPOTENCY_IN_FLIGHT", retry_after_seconds=1)


async def once(
    conn: Connection,
    *,
    caller: str,
    operation: str,
    key: str,
    fingerprint: bytes,
    do: Callable[[], Awaitable[bytes]],
) -> bytes:
    """Returns the stored answer of this key, or runs `do` and stores its answer in the transaction of `conn`.

    Without a key it only runs `do`. Raises Conflict IDEMPOTENCY_IN_FLIGHT while another transaction holds the key, and
    Invalid IDEMPOTENCY_KEY_REUSED if the key belongs to another request.
    """
    if not key:
        return await do()
    if not await conn.fetchval(LOCK_KEY, f"{caller}\x1f{operation}\x1f{key}"):
        raise in_flight()
    kept = await conn.fetchrow(GET_ANSWER, caller, operation, key, KEPT)
    if kept is None:
        answer = await do()
        await conn.execute(KEEP_ANSWER, caller, operation, key, fingerprint, answer)
        return answer
    if kept["fingerprint"] != fingerprint:
        raise reused()
    return bytes(kept["answer"])


async def forget(conn: Connection, *, caller: str, operation: str, key: str) -> None:
    """Deletes a stored answer that turned out wrong, so that the same key may be used again."""
    await conn.execute(FORGET_ANSWER, caller, operation, key)


async def forget_old(conn: Connection) -> None:
    """Deletes expired answers; part of a service's housekeeping."""
    await conn.execute(FORGET_OLD, KEPT)
