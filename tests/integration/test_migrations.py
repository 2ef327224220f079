"""All migrations of a service in order give its `schema.sql`; the chassis finds its tables as it wrote them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

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
