"""Insights: events a second from a topic that is full already, and of a rebuild from the owners' rows."""

import asyncio
import re
import subprocess
import sys
from time import perf_counter

import asyncpg
from aiokafka import AIOKafkaProducer

from chassis.postgres import Database
from services.audience import events
from services.audience.plays import store
from tests.load.figures import Figure
from tests.load.stage import System

PLAYS = 50_000
BATCH = 5_000
LISTENERS = 2_000
PATIENCE_SECONDS = 180.0

# The last minute's plays, not sealed yet: else the reconciler would send them again beside us.
ADD_PLAYS = """
INSERT INTO plays (id, track_id, owner_id, user_id, seconds, duration_ms, device, source, is_authenticated,
    idempotency_key, fingerprint, occurred_at, received_at)
SELECT uuidv7(), track_id, owner_id, listeners[1 + n % $3], n % 180, 180000, 'Web', 1, true, NULL, NULL, moment, moment
FROM generate_series(1, $4) AS n, LATERAL (SELECT clock_timestamp() - n % 60 * interval '1 second') AS at (moment),
    (SELECT $1::uuid, $2::uuid) AS known (track_id, owner_id),
    (SELECT array_agg(gen_random_uuid()) FROM generate_series(1, $3)) AS many (listeners)
"""
COUNTED = "SELECT count(*) FROM plays"


async def measure_topic(system: System, track: str, owner: str) -> Figure:
    """Insights is held while the topic fills, then let go. The plays are rows of audience too, so a rebuild agrees."""
    counted = await asyncpg.connect(system.database_url("insights"))
    audience = Database(system.database_url("audience"))
    try:
        first_id = await _add_rows(audience, track, owner)
        before = await _settled(counted)
        insights = system.processes["insights"]
        insights.suspend()
        try:
            await _fill(system, audience, first_id)
        finally:
            insights.resume()
        started = perf_counter()
        await _until(counted, before + PLAYS)
        rate = PLAYS / (perf_counter() - started)
    finally:
        await counted.close()
        await audience.close()
    return Figure("insights, events/s from a full topic", f"{rate:.0f}/s", "5,000/s", rate / 5000, "1.0")


async def measure_rebuild(system: System) -> Figure:
    """`... insights verify`: a rebuild that is compared with the live tables and not swapped in."""
    argv = [sys.executable, "-m", "deploy.local", "service", "insights", "verify"]
    done = await asyncio.to_thread(
        subprocess.run, argv, env=system.environ, capture_output=True, text=True, timeout=300
    )
    told = re.search(r"(\d+) plays.* in ([\d.]+) s \((\d+) events/s\)", done.stdout)
    if told is None:
        raise RuntimeError(f"the rebuild told no rate: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    agrees = "the live tables agree" if done.returncode == 0 else f"the live tables differ: {done.stderr[-300:]}"
    rate, notes = float(told[3]), [f"{told[1]} plays in {told[2]} s; {agrees}"]
    return Figure("insights, events/s of a rebuild", f"{rate:.0f}/s", "20,000/s", rate / 20_000, "1.0", notes)


async def _add_rows(audience: Database, track: str, owner: str) -> object:
    async with audience.transaction() as conn:
        first_id = await conn.fetchval("SELECT uuidv7()")
        await conn.execute(ADD_PLAYS, track, owner, LISTENERS, PLAYS)
    return first_id


async def _fill(system: System, audience: Database, first_id: object) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=system.backing("KAFKA_BOOTSTRAP"), linger_ms=20, max_batch_size=256 * 1024
    )
    await producer.start()
    try:
        place, sent = first_id, 0
        while sent < PLAYS:
            async with audience.connection() as conn:
                plays = await store.list_after(conn, place, BATCH)  # type: ignore[arg-type]
            told = [events.play_recorded(play) for play in plays]
            kept = [await producer.send(e.topic, e.payload, key=e.key.encode(), headers=e.headers()) for e in told]
            await asyncio.gather(*kept)
            place, sent = plays[-1].id, sent + len(plays)
    finally:
        await producer.stop()


async def _settled(counted: "asyncpg.Connection[asyncpg.Record]") -> int:
    """The plays counted once what came before has gone through."""
    last, now = -1, int(await counted.fetchval(COUNTED))
    while now != last:
        await asyncio.sleep(2)
        last, now = now, int(await counted.fetchval(COUNTED))
    return now


async def _until(counted: "asyncpg.Connection[asyncpg.Record]", wanted: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while int(await counted.fetchval(COUNTED)) < wanted:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.1)
