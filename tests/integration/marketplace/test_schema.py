"""The migrations, applied in order, give `schema.sql`; the chassis finds its tables as it wrote them."""

from pathlib import Path

import asyncpg

from tests.integration.marketplace.market import Market
from tests.support import databases
from tests.support.servers import Servers

ROOT = Path(__file__).parents[3]
SHAPE = """
SELECT 'column', table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations'
"""


async def test_the_migrations_give_the_schema(market: Market, backing: Servers) -> None:
    async with market.db.connection() as conn:
        migrated = {tuple(row) for row in await conn.fetch(SHAPE)}
    assert migrated == await shape_of(backing, "services/marketplace/schema.sql")
    chassis = await shape_of(backing, "chassis/schema.sql")
    assert {part for part in chassis if not part[1].startswith("consumer_offsets")} < migrated


async def shape_of(backing: Servers, file: str) -> set[tuple[str, ...]]:
    url = await databases.make_empty(backing.database_url, "shape")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute((ROOT / file).read_text())
        return {tuple(row) for row in await conn.fetch(SHAPE)}
    finally:
        await conn.close()
        await databases.drop(backing.database_url, url)
