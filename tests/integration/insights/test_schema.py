"""The migrations, applied in order, give `schema.sql`."""

from pathlib import Path

import asyncpg

from tests.support import databases
from tests.support.servers import Servers

SCHEMA = Path(__file__).parents[3] / "services" / "insights" / "schema.sql"
SHAPE = """
SELECT 'column', table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations'
UNION ALL SELECT 'options', relname, reloptions::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
ORDER BY 1, 2
"""


async def shape(url: str) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetch(SHAPE)
    finally:
        await conn.close()


async def test_the_migrations_give_the_schema(backing: Servers) -> None:
    written = await databases.make_empty(backing.database_url, "insights")
    migrated = await databases.make(backing.database_url, "insights")
    try:
        conn = await asyncpg.connect(written)
        await conn.execute(SCHEMA.read_text())
        await conn.close()
        assert await shape(migrated) == await shape(written)
        assert len(await shape(written)) > 100
    finally:
        await databases.drop(backing.database_url, written)
        await databases.drop(backing.database_url, migrated)
