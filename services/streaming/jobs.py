"""Transcoding jobs in Postgres: added in the caller's transaction, leased, free again when the lease expires."""

from dataclasses import dataclass
from uuid import UUID

from chassis.postgres import Connection

LEASE_SECONDS = 20.0
# Of one owner at work while others wait.
MOST_OF_OWNER = 2

ADD = "INSERT INTO jobs (recording_id, traceparent) VALUES ($1, $2) ON CONFLICT (recording_id) DO NOTHING"
# One worker chooses at a time: what it chooses depends on what others have.
LOCK_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('streaming.jobs', 0))"
# Owners take turns, however many files one of them sent; and one that has two at work comes after all others.
TAKE = """
WITH busy AS (
    SELECT r.owner_id, count(*) AS jobs FROM jobs AS j JOIN recordings AS r ON r.id = j.recording_id
    WHERE j.leased_by IS NOT NULL AND j.run_at > clock_timestamp() GROUP BY r.owner_id
), oldest AS (
    SELECT DISTINCT ON (r.owner_id) r.owner_id, j.recording_id, j.run_at
    FROM jobs AS j JOIN recordings AS r ON r.id = j.recording_id
    WHERE j.run_at <= clock_timestamp() ORDER BY r.owner_id, j.run_at
), next AS (
    SELECT owner_id, recording_id FROM oldest LEFT JOIN busy USING (owner_id) LEFT JOIN turns USING (owner_id)
    ORDER BY coalesce(busy.jobs, 0) >= $3, turns.served_at NULLS FIRST, oldest.run_at LIMIT 1
), turn AS (
    INSERT INTO turns (owner_id, served_at) SELECT owner_id, clock_timestamp() FROM next
    ON CONFLICT (owner_id) DO UPDATE SET served_at = excluded.served_at
)
UPDATE jobs SET leased_by = $1, attempts = attempts + 1, run_at = clock_timestamp() + make_interval(secs => $2)
WHERE recording_id = (SELECT recording_id FROM next)
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
    await conn.execute(LOCK_TURN)
    row = await conn.fetchrow(TAKE, worker, LEASE_SECONDS, MOST_OF_OWNER)
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
