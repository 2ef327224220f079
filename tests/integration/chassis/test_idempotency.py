"""A keyed request is done once; its answer is given again; nothing is kept of one that failed."""

import pytest

from chassis import errors, idempotency
from chassis.postgres import Connection, Database


async def once(conn: Connection, fingerprint: bytes = b"f", answer: bytes = b"first") -> bytes:
    async def do() -> bytes:
        return answer

    return await idempotency.once(conn, caller="c", operation="o", key="k", fingerprint=fingerprint, do=do)


async def test_the_first_answer_is_given_again(db: Database) -> None:
    for answer in (b"first", b"second"):
        async with db.transaction() as conn:
            assert await once(conn, answer=answer) == b"first"


async def test_another_request_under_the_key_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        await once(conn)
    with pytest.raises(errors.Invalid) as refused:
        async with db.transaction() as conn:
            await once(conn, fingerprint=b"other")
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_request_in_flight_is_told(db: Database) -> None:
    async with db.transaction() as conn:
        await once(conn)
        with pytest.raises(errors.Conflict) as refused:
            async with db.transaction() as other:
                await once(other)
    assert refused.value.reason == "IDEMPOTENCY_IN_FLIGHT"


async def test_a_failed_request_may_be_corrected(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as conn:
            await once(conn)
            raise RuntimeError
    async with db.transaction() as conn:
        assert await once(conn, fingerprint=b"other", answer=b"corrected") == b"corrected"


async def test_an_answer_that_was_taken_back_is_forgotten(db: Database) -> None:
    async with db.transaction() as conn:
        await once(conn)
    async with db.transaction() as conn:
        await idempotency.forget(conn, caller="c", operation="o", key="k")
    async with db.transaction() as conn:
        assert await once(conn, answer=b"again") == b"again"
