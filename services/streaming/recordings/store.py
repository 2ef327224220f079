"""Rows of recordings. Every change states the condition under which it holds: events come twice, and out of order."""

from uuid import UUID

import asyncpg

from chassis.postgres import Connection
from services.streaming.media.formats import Format
from services.streaming.media.probe import Sound
from services.streaming.recordings.recording import File, Outcome, Recording, State

COLUMNS = """
id, owner_id, track_id, state, percent, reason, format, stated_seconds, bitrate, sample_rate, channels, is_lossless,
cover_object, bytes
"""
GET = f"SELECT {COLUMNS} FROM recordings WHERE id = $1"
LOCK = f"{GET} FOR UPDATE"
ADD = """
INSERT INTO recordings (id, owner_id, state, bytes, sha256, md5, format, stated_seconds, bitrate, sample_rate, channels,
    is_lossless, cover_object)
VALUES ($1, $2, 'received', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
ATTACH = "UPDATE recordings SET track_id = $2, state = 'transcoding' WHERE id = $1 AND state = 'received'"
SET_PERCENT = """
UPDATE recordings SET percent = $2 WHERE id = $1 AND state = 'transcoding' AND percent < $2
"""
FINISH = """
UPDATE recordings SET state = 'ready', percent = 100, frames = $2, frame_rate = $3, integrated_lufs = $4, range_lu = $5,
    true_peak_dbtp = $6, progressive_object = $7, cover_object = $8, ready_at = $9, made_bytes = $10
WHERE id = $1 AND state = 'transcoding'
RETURNING track_id
"""
FAIL = """
UPDATE recordings SET state = 'failed', reason = $2 WHERE id = $1 AND state = 'transcoding' RETURNING track_id
"""
REMOVE = "UPDATE recordings SET state = 'removed' WHERE id = $1 AND state <> 'removed' RETURNING id"
KEEP_ORIGINAL = "UPDATE recordings SET original = 'kept' WHERE id = $1 AND original = 'held'"
RELEASE_ORIGINAL = "UPDATE recordings SET original = 'released' WHERE id = $1 AND original <> 'released' RETURNING id"
LIST_WITHOUT_TRACK = """
SELECT id FROM recordings WHERE state = 'received' AND received_at < clock_timestamp() - make_interval(secs => $1)
ORDER BY received_at LIMIT 100 FOR UPDATE SKIP LOCKED
"""


def _recording(row: asyncpg.Record) -> Recording:
    sound = Sound(
        Format(row["format"]),
        row["stated_seconds"],
        row["bitrate"],
        row["sample_rate"],
        row["channels"],
        row["is_lossless"],
    )
    names = ("id", "owner_id", "track_id", "percent", "reason", "cover_object", "bytes")
    return Recording(state=State(row["state"]), sound=sound, **{name: row[name] for name in names})


async def get(conn: Connection, recording_id: UUID) -> Recording | None:
    row = await conn.fetchrow(GET, recording_id)
    return _recording(row) if row else None


async def lock(conn: Connection, recording_id: UUID) -> Recording | None:
    row = await conn.fetchrow(LOCK, recording_id)
    return _recording(row) if row else None


async def add(
    conn: Connection, recording_id: UUID, owner_id: UUID, *, file: File, sound: Sound, cover_object: str | None
) -> None:
    s = sound
    measured = (s.format, s.seconds, s.bitrate, s.sample_rate, s.channels, s.is_lossless)
    await conn.execute(ADD, recording_id, owner_id, file.size_bytes, file.sha256, file.md5, *measured, cover_object)


async def attach(conn: Connection, recording_id: UUID, track_id: UUID) -> None:
    await conn.execute(ATTACH, recording_id, track_id)


async def set_percent(conn: Connection, recording_id: UUID, percent: int) -> None:
    await conn.execute(SET_PERCENT, recording_id, percent)


async def finish(conn: Connection, recording_id: UUID, outcome: Outcome) -> UUID | None:
    """The track, or None if the recording is no longer waiting for this."""
    o, heard = outcome, outcome.loudness
    loudness = (heard.integrated_lufs, heard.range_lu, heard.true_peak_dbtp)
    track_id: UUID | None = await conn.fetchval(
        FINISH,
        recording_id,
        o.frames,
        o.frame_rate,
        *loudness,
        o.progressive_object,
        o.cover_object,
        o.ready_at,
        o.made_bytes,
    )
    return track_id


async def fail(conn: Connection, recording_id: UUID, reason: str) -> UUID | None:
    track_id: UUID | None = await conn.fetchval(FAIL, recording_id, reason)
    return track_id


async def remove(conn: Connection, recording_id: UUID) -> bool:
    return await conn.fetchval(REMOVE, recording_id) is not None


async def keep_original(conn: Connection, recording_id: UUID) -> None:
    await conn.execute(KEEP_ORIGINAL, recording_id)


async def release_original(conn: Connection, recording_id: UUID) -> bool:
    return await conn.fetchval(RELEASE_ORIGINAL, recording_id) is not None


async def list_without_track(conn: Connection, age_seconds: float) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(LIST_WITHOUT_TRACK, age_seconds)]
