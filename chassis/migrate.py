"""`migrate`: applies a service's SQL files in order, forward only, and creates the topics that it produces."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from chassis import telemetry
from chassis.errors import Error
from chassis.events import MAX_RECORD_BYTES, Topic

log = telemetry.logger(__name__)

LOCK = "SELECT pg_advisory_lock(hashtextextended('soundstage.migrate', 0))"
APPLIED_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
APPLIED = "SELECT name, digest FROM schema_migrations"
KEEP_APPLIED = "INSERT INTO schema_migrations (name, digest) VALUES ($1, $2)"
BROKEN_INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
ALONE, IN_SLICES = "-- alone", "-- in slices"
# What comes behind a migration that waits for a lock waits as long as it does.
LOCK_TIMEOUT_MS = 800
LOCK_TRIES = 120
PATIENCE_SECONDS = 60.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Migration:
    """What `migrate` updates; `also` is for stores without SQL. SQL files go last, because `awaited` checks them."""

    database_url: str
    folder: Path
    bootstrap: str
    topics: Sequence[Topic] = ()
    replication: int = 1
    also: Callable[[], Awaitable[None]] | None = None

    async def run(self, phase: str = "") -> None:
        """Applies what is missing; a `phase`, `pre` or `post`, limits it to the files of that phase."""
        await make_topics(self.bootstrap, self.topics, self.replication)
        if self.also is not None:
            await self.also()
        await apply(self.database_url, self.folder, phase)

    async def awaited(self, stop: asyncio.Event) -> None:
        """Waits until the database has every file that this version needs before it serves, or until `stop`."""
        needed = {file.name for file in self.folder.glob("*_pre_*.sql")}
        while missing := needed - await applied(self.database_url):
            log.info("migrate.waiting", missing=min(missing), count=len(missing))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WAIT_SECONDS)
                return


async def applied(database_url: str) -> set[str]:
    """The names of the files that the database has; none while it is down or empty."""
    try:
        conn = await asyncpg.connect(database_url)
    except (OSError, asyncpg.PostgresError):
        return set()
    try:
        return {row["name"] for row in await conn.fetch(APPLIED)}
    except asyncpg.UndefinedTableError:
        return set()
    finally:
        await conn.close()


async def apply(database_url: str, folder: Path, phase: str = "") -> None:
    """Applies missing files, named `NNNN_<pre|post>_<what>.sql`, in order; a file's first line says how.

    - By default in one transaction, which gives way: if it cannot have a lock at once, it starts over later, so that
      nobody waits behind it.
    - `-- alone`: one statement outside any transaction, such as CREATE INDEX CONCURRENTLY IF NOT EXISTS.
    - `-- in slices`: one statement that changes some rows, in a transaction of its own, until it finds none.
    """
    conn = await asyncpg.connect(database_url)
    try:
        await conn.execute(LOCK)
        await conn.execute(APPLIED_TABLE)
        digests = {row["name"]: row["digest"] for row in await conn.fetch(APPLIED)}
        for file in sorted(folder.glob("*.sql")):
            if not phase or file.name.split("_")[1] == phase:
                await _apply_one(conn, file, digests)
    finally:
        await conn.close()


async def _apply_one(conn: "asyncpg.Connection[asyncpg.Record]", file: Path, digests: dict[str, str]) -> None:
    sql = file.read_text()
    digest = hashlib.sha256(sql.encode()).hexdigest()
    if file.name in digests:
        if digests[file.name] != digest:
            raise Error(f"{file.name} was changed after it was applied; add a new migration instead")
        return
    if sql.startswith(ALONE):
        for (index,) in await conn.fetch(BROKEN_INDEXES):  # left by a build that was cut off
            await conn.execute(f"DROP INDEX CONCURRENTLY {index}")
        await conn.execute(sql)
        await conn.execute(KEEP_APPLIED, file.name, digest)
    elif sql.startswith(IN_SLICES):
        while not (await conn.execute(sql)).endswith(" 0"):
            pass
        await conn.execute(KEEP_APPLIED, file.name, digest)
    else:
        await _give_way(conn, sql, file.name, digest)
    log.info("migrate.applied", file=file.name)


async def _give_way(conn: "asyncpg.Connection[asyncpg.Record]", sql: str, name: str, digest: str) -> None:
    for _ in range(LOCK_TRIES):
        try:
            async with conn.transaction():
                await conn.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                await conn.execute(sql)
                await conn.execute(KEEP_APPLIED, name, digest)
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            log.info("migrate.locked", file=name)
            await asyncio.sleep(WAIT_SECONDS)
    raise Error(f"{name} cannot be applied: a transaction keeps its tables locked; look at pg_stat_activity")


async def make_topics(bootstrap: str, topics: Sequence[Topic], replication: int = 1) -> None:
    """Creates missing topics, each with its partitions, retention and compaction."""
    if not topics:
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await _started(admin)
        try:
            answer = await admin.create_topics([_new(topic, replication) for topic in topics])
        finally:
            await admin.close()
    for name, code, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise Error(f"Cannot create topic {name}: {for_code(code).__name__}")


async def _started(admin: AIOKafkaAdminClient) -> None:
    while True:
        try:
            await admin.start()
            return
        except KafkaError:
            await asyncio.sleep(0.5)


def _new(topic: Topic, replication: int) -> NewTopic:
    settings = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(topic.retention_ms),
        "min.insync.replicas": str(max(1, replication - 1)),
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
    return NewTopic(topic.name, topic.partitions, replication, topic_configs=settings)
