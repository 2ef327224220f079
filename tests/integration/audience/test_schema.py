"""All migrations in order give `schema.sql`, outbox and all; and the chassis finds its outbox as it wrote it."""

from pathlib import Path

import asyncpg

from tests.integration.audience.house import House
from tests.support import databases
from tests.support.servers import Servers

ROOT = Path(__file__).parents[3]
SHAPE = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name,
    concat_ws(' ', data_type, is_nullable, column_default, is_identity) AS shape
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations'
ORDER BY 1, 2
"""

Shape = set[tuple[str, str, str]]


async def shape_of(admin_url: str, sql: str) -> Shape:
    url = await databases.make_empty(admin_url, "shape")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(sql)
        return {(r[0], r[1], r[2]) for r in await conn.fetch(SHAPE)}
    finally:
        await conn.close()
        await databases.drop(admin_url, url)


async def test_migrations_give_the_schema(house: House, backing: Servers) -> None:
    async with house.database.connection() as conn:
        migrated = {(r[0], r[1], r[2]) for r in await conn.fetch(SHAPE)}
    assert len(migrated) > 40
    assert migrated == await shape_of(backing.database_url, (ROOT / "services/audience/schema.sql").read_text())


async def test_the_outbox_is_the_chassis(house: House, backing: Servers) -> None:
    chassis = await shape_of(backing.database_url, (ROOT / "chassis/schema.sql").read_text())
    async with house.database.connection() as conn:
        migrated = {(r[0], r[1], r[2]) for r in await conn.fetch(SHAPE)}
    assert {part for part in chassis if part[1].startswith("outbox")} <= migrated
