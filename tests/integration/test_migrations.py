"""All migrations of a service in order give its `schema.sql`; the chassis finds its tables as it wrote them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from chassis import migrate
from chassis.migrate import Migration
from deploy.local.ports import SERVICES
from tests.support import databases
from tests.support.servers import Servers

ROOT = Path(__file__).parents[2]
SHAPE = """
SELECT 'column', table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, collation_name, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema IN ('public', 'own') AND table_name <> 'schema_migrations'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname IN ('public', 'own') AND tablename <> 'schema_migrations'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace IN ('public'::regnamespace, to_regnamespace('own'))
    AND conrelid::regclass::text <> 'schema_migrations'
UNION ALL SELECT 'sequence', sequencename, data_type::text FROM pg_sequences WHERE schemaname IN ('public', 'own')
"""
Shape = set[tuple[str, str, str]]


async def shape_of(url: str) -> Shape:
    conn = await asyncpg.connect(url)
    try:
        return {(row[0], row[1], row[2]) for row in await conn.fetch(SHAPE)}
    finally:
        await conn.close()


async def written(backing: Servers, file: Path) -> Shape:
    """The shape that a schema file gives an empty database."""
    url = await databases.make_empty(backing.database_url, "shape")
    try:
        conn = await asyncpg.connect(url)
        await conn.execute(file.read_text())
        await conn.close()
        return await shape_of(url)
    finally:
        await databases.drop(backing.database_url, url)


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_give_the_schema(
    service: str, backing: Servers, new_database: Callable[[str], Awaitable[str]]
) -> None:
    migrated = await shape_of(await new_database(service))
    assert len(migrated) > 20
    assert migrated == await written(backing, ROOT / "services" / service / "schema.sql")
    chassis = await written(backing, ROOT / "chassis" / "schema.sql")
    taken = {name.partition(".")[0] for kind, name, _ in migrated if kind == "column"}
    assert {part for part in chassis if part[0] == "column" and part[1].partition(".")[0] in taken} <= migrated
    assert {part for part in chassis if part[0] == "index" and part[2].split()[-3] in taken} <= migrated


# What stood when tables were still empty everywhere. Every later file meets filled ones.
FIRST = {
    "audience": 2, "auth": 1, "catalog": 4, "insights": 3, "marketplace": 1, "streaming": 1,
}  # fmt: skip
BUILDS_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (\w+)", re.DOTALL)
CHANGES_ROWS = re.compile(r"^(UPDATE|DELETE|INSERT|WITH)\b", re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_of_filled_tables_keeps_nobody_waiting(service: str) -> None:
    """Indexes are built concurrently, rows are changed in slices, and all else is only the catalogue's."""
    files = sorted((ROOT / "services" / service / "migrations").glob("*.sql"))
    for file in files[FIRST[service] :]:
        sql = file.read_text()
        made = re.findall(r"CREATE TABLE (\w+)", sql)
        for concurrently, table in BUILDS_INDEX.findall(sql):
            assert table in made or (concurrently and sql.startswith(migrate.ALONE)), f"{file.name}: {table}"
        assert not CHANGES_ROWS.search(sql) or sql.startswith(migrate.IN_SLICES), file.name
        assert not re.search(r"\b(VALIDATE|SET NOT NULL|ADD CONSTRAINT|TYPE)\b(?!.*NOT VALID)", sql), file.name


async def test_a_migration_that_meets_a_lock_lets_others_by(backing: Servers, tmp_path: Path) -> None:
    """It waits for a long transaction in turns; who reads meanwhile waits less than two seconds for it."""
    url = await databases.make_empty(backing.database_url, "locked")
    keeper, reader = await asyncpg.connect(url), await asyncpg.connect(url)
    await keeper.execute("CREATE TABLE things (id bigint)")
    (tmp_path / "0001_pre_more.sql").write_text("ALTER TABLE things ADD COLUMN more text")
    await reader.execute("SET lock_timeout = '2s'")
    transaction = keeper.transaction()
    await transaction.start()
    await keeper.execute("INSERT INTO things VALUES (1)")
    migrating = asyncio.create_task(migrate.apply(url, tmp_path))
    for _ in range(15):
        await reader.fetch("SELECT * FROM things")
        await asyncio.sleep(0.2)
    assert not migrating.done()
    await transaction.commit()
    await asyncio.wait_for(migrating, 20)
    assert await reader.fetchval("SELECT more FROM things") is None
    await keeper.close()
    await reader.close()
    await databases.drop(backing.database_url, url)


async def test_slices_and_statements_that_stand_alone(backing: Servers, tmp_path: Path) -> None:
    """And what a build that was cut off has left is built anew."""
    url = await databases.make_empty(backing.database_url, "sliced")
    conn = await asyncpg.connect(url)
    await conn.execute("CREATE TABLE things (id bigint, is_new boolean); INSERT INTO things VALUES (1), (1), (3)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await conn.execute("CREATE UNIQUE INDEX CONCURRENTLY things_id ON things (id)")
    await conn.execute("DELETE FROM things WHERE ctid = '(0,1)'")
    (tmp_path / "0001_pre_index.sql").write_text(
        "-- alone\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS things_id ON things (id)"
    )
    (tmp_path / "0002_pre_fill.sql").write_text(
        "-- in slices\nUPDATE things SET is_new = true WHERE id IN (SELECT id FROM things WHERE is_new IS NULL LIMIT 1)"
    )
    await migrate.apply(url, tmp_path)
    assert await conn.fetchval("SELECT bool_and(is_new) FROM things")
    assert await conn.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'things_id'::regclass")
    await conn.close()
    await databases.drop(backing.database_url, url)


async def test_new_pods_wait_for_the_migration(backing: Servers) -> None:
    url = await databases.make_empty(backing.database_url, "waited")
    migration = Migration(url, ROOT / "services" / "audience" / "migrations", backing.kafka_bootstrap)
    try:
        waiting = asyncio.create_task(migration.awaited(asyncio.Event()))
        done, _ = await asyncio.wait([waiting], timeout=1.5)
        assert not done
        await migration.run()
        await asyncio.wait_for(waiting, timeout=10)
        stop = asyncio.Event()
        stop.set()
        await Migration("postgresql://nobody@127.0.0.1:1/none", migration.folder, "").awaited(stop)
    finally:
        await databases.drop(backing.database_url, url)
