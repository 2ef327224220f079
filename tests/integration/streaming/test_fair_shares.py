"""No owner takes all transcoding, all storage or the disk that uploads arrive on."""

from pathlib import Path
from uuid import UUID

import pytest

from chassis.errors import Invalid, Unavailable
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from services.streaming import jobs
from services.streaming.media.renditions import MAX_BYTES_PER_SECOND
from services.streaming.quotas.domain import MADE_FACTOR
from services.streaming.storage.spool import COVER_BYTES, Spool
from tests.integration.streaming.conftest import QUOTA_BYTES, SECONDS_A_DAY, Streaming

RECORDING = """
INSERT INTO recordings (id, owner_id, state, bytes, sha256, md5, format, stated_seconds, bitrate, sample_rate, channels,
    is_lossless, made_bytes)
VALUES ($1, $2, 'transcoding', 1000, '', '', 'flac', $3, 128000, 44100, 2, true, $4) RETURNING id
"""


def somebody() -> Principal:
    return Principal(Kind.USER, new_id(), 7)


async def recorded(streaming: Streaming, owner: Principal, seconds: float = 1.0, made: int | None = None) -> UUID:
    (row,) = await streaming.fetch(RECORDING, new_id(), owner.user_id, seconds, made)
    return UUID(str(row["id"]))


async def sent(streaming: Streaming, owner: Principal, count: int) -> set[UUID]:
    ids = {await recorded(streaming, owner) for _ in range(count)}
    async with streaming.database.transaction() as conn:
        for id in ids:
            await jobs.add(conn, id, "")
    return ids


async def taken(streaming: Streaming, worker: UUID) -> UUID | None:
    async with streaming.database.transaction() as conn:
        job = await jobs.take(conn, worker)
        return job.recording_id if job else None


async def ended(streaming: Streaming, id: UUID, worker: UUID) -> None:
    async with streaming.database.transaction() as conn:
        assert await jobs.end(conn, id, worker)


async def test_owners_take_turns_however_many_files_one_sent(streaming: Streaming) -> None:
    worker = new_id()
    many = await sent(streaming, somebody(), 6)
    one = await sent(streaming, somebody(), 1)
    await sent(streaming, somebody(), 2)
    order = []
    while (id := await taken(streaming, worker)) is not None:
        await ended(streaming, id, worker)
        order.append("many" if id in many else "one" if id in one else "two")
    assert order[:5] == ["many", "one", "two", "many", "two"]
    assert order[5:] == ["many"] * 4


async def test_an_owner_has_two_at_work_while_others_wait(streaming: Streaming) -> None:
    many = await sent(streaming, somebody(), 5)
    workers = [new_id() for _ in range(5)]
    assert {await taken(streaming, worker) for worker in workers[:2]} <= many
    others = await sent(streaming, somebody(), 2)
    assert {await taken(streaming, worker) for worker in workers[2:4]} == others
    # Nobody else waits, so nothing stands idle.
    assert await taken(streaming, workers[4]) in many


async def test_a_day_has_so_many_seconds_of_sound(streaming: Streaming) -> None:
    """Also of what was removed since: it was processed all the same."""
    owner = somebody()
    await recorded(streaming, owner, SECONDS_A_DAY - 10.0, made=0)
    await streaming.fetch("UPDATE recordings SET state = 'removed'")
    quotas = streaming.quotas
    async with streaming.database.transaction() as conn:
        await quotas.check_sound(conn, owner.user_id, 9.0)
        await quotas.check_sound(conn, somebody().user_id, 60.0)
        with pytest.raises(Invalid, match="1 hours of sound a day") as refused:
            await quotas.check_sound(conn, owner.user_id, 11.0)
        assert refused.value.reason == "QUOTA_EXCEEDED"
    await streaming.fetch("UPDATE recordings SET received_at = received_at - interval '25 hours'")
    async with streaming.database.transaction() as conn:
        await quotas.check_sound(conn, owner.user_id, 11.0)


async def test_what_is_made_counts(streaming: Streaming) -> None:
    owner, most = somebody(), MADE_FACTOR * QUOTA_BYTES
    await recorded(streaming, owner, 1.0, made=most - 10 * MAX_BYTES_PER_SECOND)
    async with streaming.database.transaction() as conn:
        await streaming.quotas.check_sound(conn, owner.user_id, 9.0)
        with pytest.raises(Invalid, match="more room than your quota"):
            await streaming.quotas.check_sound(conn, owner.user_id, 11.0)


def test_the_spool_is_summed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, COVER_BYTES + 1000)
    with spool.opened() as spooled:
        spooled.write(bytes(900))
        with pytest.raises(Unavailable) as refused, spool.opened():
            pass
        assert refused.value.retry_after_seconds == 60
        with pytest.raises(Unavailable):
            spooled.write(bytes(101))
    with spool.opened() as spooled:
        spooled.write(bytes(1000))
    assert not [file for file in spool.folder.iterdir() if file.name != "lock"]
    spool.close()
