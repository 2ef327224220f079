"""Transcoding jobs in Postgres: added in the caller's transaction, leased, free again when the lease expires."""

from dataclasses import dataclass
from uuid import UUID

from chassis.postgres import Connection

LEASE_SECONDS = 20.0

ADD = "INSERT INTO jobs (recording_id, traceparent) VALUES ($1, $2) ON CONFLICT (recording_id) DO NOTHING"
TAKE = """
UPDATE jobs SET leased_by = $1, attempts = attempts + 1, run_at = clock_timestamp() + make_interval(secs => $2)
WHERE recording_id = (
    SELECT recording_id FROM jobs WHERE run_at <= clock_timestamp() ORDER BY run_at FOR UPDATE SKIP LOCKED LIMIT 1
)
RETURNING recording_id, attempts, traceparent
"""
# `run_at` of a leased job is the end of its lease, so a crash need not be noticed.
RENEW = """
UPDATE jobs SET run_at = clock_timestamp() + make_interval(secs => $3) WHERE recording_id = $1 AND leased_by = $2
RETURNING recording_id
"""
END = "DELETE FROM jobs WHERE recording_id = $1 AND leased_by = $2"
CANCEL = "DELETE FROM jobs WHERE recording_id = $1 RETURNING leased_by IS NOT NULL"
RETRY = """
UPDATE jobs SET leased_by = NULL, attempts = attempts - $4, run_at = clock_timestamp() + make_interval(secs => $3)
WHERE recording_id = $1 AND leased_by = $2
"""
GIVE_BACK_ALL = """
UPDATE jobs SET leased_by = NULL, attempts = attempts - 1, run_at = clock_timestamp() WHERE leased_by = $1
"""
WAITING = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(run_at)), 0)::float8 FROM jobs
WHERE run_at <= clock_timestamp()
"""


@dataclass(frozen=True)
class Job:
    recording_id: UUID
    attempts: int
    traceparent: str


async def add(conn: Connection, recording_id: UUID, traceparent: str) -> None:
    await conn.execute(ADD, recording_id, traceparent)


async def take(conn: Connection, worker: UUID) -> Job | None:
    row = await conn.fetchrow(TAKE, worker, LEASE_SECONDS)
    return Job(row["recording_id"], row["attempts"], row["traceparent"]) if row else None


async def renew(conn: Connection, recording_id: UUID, worker: UUID) -> bool:
    """False if the job is no longer ours: removed, or leased by another worker after us."""
    return await conn.fetchval(RENEW, recording_id, worker, LEASE_SECONDS) is not None


async def end(conn: Connection, recording_id: UUID, worker: UUID) -> bool:
    """False if the job was no longer ours; its outcome is then another worker's to write."""
    return str(await conn.execute(END, recording_id, worker)) != "DELETE 0"


async def cancel(conn: Connection, recording_id: UUID) -> bool:
    """Whether a worker held its lease."""
    return bool(await conn.fetchval(CANCEL, recording_id))


async def retry(conn: Connection, recording_id: UUID, worker: UUID, delay_seconds: float, *, is_counted: bool) -> None:
    await conn.execute(RETRY, recording_id, worker, delay_seconds, 0 if is_counted else 1)


async def give_back_all(conn: Connection, worker: UUID) -> None:
    await conn.execute(GIVE_BACK_ALL, worker)


async def waiting(conn: Connection) -> tuple[int, float]:
    """How many are due and unleased, and for how many seconds the oldest has been due."""
    count, oldest_seconds = await conn.fetchrow(WAITING) or (0, 0.0)
    return count, oldest_seconds
