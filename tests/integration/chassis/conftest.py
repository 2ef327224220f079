"""A service that exists for these tests alone: outbox, inbox and answers kept, in a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from chassis.postgres import Database
from tests.support import databases
from tests.support.servers import Servers

SCHEMA = Path(__file__).parents[3] / "chassis" / "schema.sql"


@pytest.fixture
async def db(backing: Servers) -> AsyncIterator[Database]:
    url = await databases.make_empty(backing.database_url, "chassis")
    conn = await asyncpg.connect(url)
    await conn.execute(SCHEMA.read_text())
    await conn.execute("CREATE TABLE counted (id uuid PRIMARY KEY, key text NOT NULL)")
    await conn.close()
    database = Database(url)
    yield database
    await database.close()
    await databases.drop(backing.database_url, url)
